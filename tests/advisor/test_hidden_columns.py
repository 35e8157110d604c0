"""A cast, a function or a collation that hides a column is named, with what to write instead; PostgreSQL agrees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pgwright.advisor.advisor import advise
from pgwright.advisor.goal import Goal
from pgwright.embedded import EmbeddedServer
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.twin.twin import Twin, open_twin
from tests.support.builders import make_statement
from tests.support.database import Database

SCHEMA = """
CREATE EXTENSION citext;
CREATE TABLE note (id int PRIMARY KEY, ref bigint, code varchar(20), at timestamptz, day timestamp, email citext,
    score int, payload jsonb, filler text);
CREATE TABLE link (note_ref text, code text);
INSERT INTO note SELECT i, i, 'c' || i, now() - i * interval '1 hour', now() - i * interval '1 hour', 'e' || i, i,
    jsonb_build_object('k', i), repeat('x', 90) FROM generate_series(1, 20000) i;
INSERT INTO link SELECT i::text, 'c' || i FROM generate_series(1, 20000) i;
CREATE INDEX ON note (ref); CREATE INDEX ON note (code); CREATE INDEX ON note (at); CREATE INDEX ON note (email);
CREATE INDEX ON note (score); CREATE INDEX ON note (day);
VACUUM ANALYZE;
"""
# An index on an expression would answer some; here only plain ones may be proposed.
PLAIN = Goal(deadline_seconds=10, is_plain=True, most_keys=2)


@pytest.fixture(scope="module")
def twin(server: EmbeddedServer, twin_server: EmbeddedServer) -> Iterator[Twin]:
    server.create_database("hidden_columns", template="template1")
    database = Database(server, "hidden_columns")
    database.execute(SCHEMA)
    with open_twin(read_snapshot(database.dsn), twin_server) as built:
        yield built


def said(twin: Twin, text: str) -> list[str]:
    snapshot: Snapshot = replace(twin.snapshot, statements=(make_statement(text),))
    advice = advise(snapshot, PLAIN, twins=[twin])
    assert advice.unplanned == ()
    return [limit for limit in advice.limits if limit.startswith("No index on a column serves")]


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("id = $1::numeric", "$1::integer"),
        ("ref = 7.5 * $1", "$1::bigint"),
        ("id::text = $1", "$1::integer"),
        ("email = $1::text", "citext."),
        ("lower(code) = $1", "index the expression"),
        ("date(at) = $1", "at >= $1 AND at < $2"),
        ("at::date = $1", "at >= $1 AND at < $1 + 1"),
        ("date_trunc('day', at) = $1", "at >= $1"),
        ("extract(year FROM day) = $1", "day >= $1"),
        ("coalesce(score, 0) = $1", "score = $1 OR score IS NULL"),
        ("score + 1 = $1", "alone to one side"),
        ('code COLLATE "C" = $1 AND code COLLATE "C" > $2', ""),
        ("(payload ->> 'k')::int = $1", ""),
    ],
)
def test_what_hides_a_column_is_named_with_what_to_write(twin: Twin, condition: str, hint: str) -> None:
    found = said(twin, f"SELECT filler FROM note WHERE {condition}")
    if hint:
        (sentence,) = found
        assert hint in sentence, sentence
        assert "of the workload's time" in sentence


def test_joined_columns_of_two_types_are_named(twin: Twin) -> None:
    (sentence,) = said(twin, "SELECT n.filler FROM note n JOIN link l ON n.id::text = l.note_ref WHERE l.code = $1")
    assert "different types" in sentence


@pytest.mark.parametrize("condition", ["code = $1::text", "code = $1", "at > $1::date", "id = $1::bigint", "score > 5"])
def test_nothing_is_said_of_what_an_index_serves(twin: Twin, condition: str) -> None:
    assert said(twin, f"SELECT filler FROM note WHERE {condition}") == []
