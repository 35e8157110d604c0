"""What is left to a person is said, and counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.advisor.unseen import failing, unseen
from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.snapshot import read_snapshot
from pgwright.sqltext import Schema, read_shape
from tests.support.database import Database


def statement(text: str) -> Statement:
    return Statement(1, text, "app", 1, 1.0, 1.0, 1.0, 0.0, 1, 0, 0, 0)


@pytest.fixture
def snapshot(database: Database) -> Snapshot:
    return read_snapshot(database.dsn)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT date_trunc($1, at), count(*) FROM t GROUP BY 1",
        "SELECT * FROM t WHERE data ->> $1 = $2",
        "SELECT * FROM t WHERE extract($1 FROM at) = $2",
        "SELECT * FROM t WHERE substring(phone, $1, $2) = $3",
    ],
)
def test_a_hidden_constant_is_told(snapshot: Snapshot, text: str) -> None:
    (told,) = unseen(
        [statement(text), statement("SELECT * FROM t WHERE lower(email) = $1 AND a -> 'b' = $2")], snapshot
    )
    assert told.startswith("1 statement compares an expression whose constant is not known")


def test_a_pattern_is_told_where_trigrams_are_not_installed(snapshot: Snapshot) -> None:
    texts = ["SELECT * FROM t WHERE title LIKE $1", "SELECT * FROM t WHERE title ILIKE '%a%'", "SELECT 'like' FROM t"]
    (told,) = unseen([statement(text) for text in texts], snapshot)
    assert told.startswith("2 statements compare a pattern")
    installed = replace(snapshot, server=replace(snapshot.server, extensions=("pg_trgm",)))
    assert list(unseen([statement(text) for text in texts], installed)) == []


def test_an_expression_that_may_fail_is_told(database: Database) -> None:
    database.execute("CREATE TABLE t (kind text, val text)")
    database.execute("INSERT INTO t SELECT 'int', n::text || repeat(' ', 50) FROM generate_series(1, 5000) n; ANALYZE")
    schema = Schema.of(source := read_snapshot(database.dsn))
    texts = ["SELECT * FROM t WHERE kind = 'int' AND val::int = $1", "SELECT * FROM t WHERE lower(val) = $1"]
    (told,) = failing([read_shape(text, schema) for text in texts], source)
    assert told.startswith("No index is proposed on t (CAST(val AS integer)): where the expression fails")
