"""What is observed on a twin leads to seconds: statement by statement, with the locks that keep the app waiting."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgwright.durations.queues import waits
from pgwright.durations.seconds import with_seconds
from pgwright.embedded import EmbeddedServer
from pgwright.model.rates import DEFAULT_RATES
from tests.support.database import Database
from tests.support.linting import Linter

_SCHEMA = """
CREATE TABLE author (id integer PRIMARY KEY);
CREATE TABLE note (id integer PRIMARY KEY, title text, author_id integer);
CREATE INDEX note_title ON note (title);
CREATE TABLE log (id integer, at date) PARTITION BY RANGE (at);
CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
"""
_WORKS = [
    "ALTER TABLE note ALTER id TYPE bigint",
    "ALTER TABLE note ADD COLUMN token uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE note ALTER title SET NOT NULL",
    "ALTER TABLE note ADD CONSTRAINT c CHECK (title <> '')",
    "ALTER TABLE note ADD FOREIGN KEY (author_id) REFERENCES author",
    "ALTER TABLE note ADD CONSTRAINT u UNIQUE (author_id)",
    "CREATE INDEX made ON note (author_id)",
    "CREATE INDEX made ON log (id)",
    "REINDEX TABLE note",
    "ALTER TABLE log ALTER id SET NOT NULL",
    "UPDATE note SET title = lower(title)",
    "DELETE FROM note",
    "CREATE TABLE made AS SELECT * FROM note",
    "CLUSTER note USING note_pkey",
    "ALTER TABLE note SET UNLOGGED",
]
_RESTS = [
    "ALTER TABLE note ADD COLUMN more text DEFAULT 'none'",
    "ALTER TABLE note ADD FOREIGN KEY (author_id) REFERENCES author NOT VALID",
    "DROP INDEX note_title",
    "TRUNCATE note",
    "CREATE TABLE fresh (id integer PRIMARY KEY)",
]


@pytest.fixture
def linter(database: Database, twin_server: EmbeddedServer, tmp_path: Path) -> Linter:
    database.execute(_SCHEMA)
    return Linter(database, twin_server, tmp_path)


@pytest.mark.parametrize("text", _WORKS)
def test_it_works_for_seconds(linter: Linter, text: str) -> None:
    pending = with_seconds(linter.run(f"op.execute({text!r})"), DEFAULT_RATES)
    (statement,) = pending.revisions[0].upgrade.statements
    assert not statement.error
    assert statement.seconds is not None
    assert 0.1 < statement.seconds.low < statement.seconds.high < 1000


@pytest.mark.parametrize("text", _RESTS)
def test_it_does_nothing_to_rows(linter: Linter, text: str) -> None:
    pending = with_seconds(linter.run(f"op.execute({text!r})"), DEFAULT_RATES)
    (statement,) = pending.revisions[0].upgrade.statements
    assert not statement.error
    assert statement.seconds is None


def test_a_lock_is_held_for_the_seconds_of_what_follows(linter: Linter) -> None:
    pending = with_seconds(
        linter.run("op.execute('ALTER TABLE author ADD COLUMN a text')\nop.execute('DELETE FROM note')"), DEFAULT_RATES
    )
    first, second = pending.revisions[0].upgrade.statements
    (author,) = waits(pending, first)
    assert (author.table.name, author.mode, author.seconds) == ("author", "ACCESS EXCLUSIVE", second.seconds)
