"""Statements on two copies that differ: one that fits one side only does not disturb the others."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from pgwright.proof.statements import measure_statements
from pgwright.snapshot import read_snapshot
from tests.support.database import Database


@pytest.fixture
def after(database: Database) -> Iterator[Database]:
    """A copy of the database, which has one table."""
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int);"
        "INSERT INTO t SELECT i, i % 10, i FROM generate_series(1, 5000) i; ANALYZE t"
    )
    copy = Database(database.server, f"{database.name}_after")
    database.server.create_database(copy.name, template=database.name)
    yield copy
    database.server.drop_database(copy.name)


def test_a_statement_that_no_longer_fits_is_told_and_the_next_is_measured(database: Database, after: Database) -> None:
    database.rows("SELECT pg_stat_statements_reset()")
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        for _ in range(50):
            connection.execute("SELECT sum(b) FROM t")
        connection.execute("SELECT a, count(*) FROM t GROUP BY a")
    after.execute("ALTER TABLE t DROP COLUMN b")
    measured, missing = measure_statements(
        database.dsn, after.dsn, read_snapshot(database.dsn), rounds=3, progress=lambda *_: None
    )
    assert [(one.text, one.results_equal) for one in measured] == [("SELECT a, count(*) FROM t GROUP BY a", True)]
    assert measured[0].before.runs in (3, 6), "a small difference is looked at twice"
    assert [(one.what, one.reason) for one in missing] == [
        ("statement SELECT sum(b) FROM t", 'column "b" does not exist')
    ]


def test_a_statement_with_a_value_that_nobody_knows_is_not_run_with_null(database: Database, after: Database) -> None:
    database.execute("CREATE TABLE bare (n int)")
    after.execute("CREATE TABLE bare (n int)")
    database.rows("SELECT pg_stat_statements_reset()")
    database.rows("SELECT * FROM bare WHERE n = 1")
    measured, missing = measure_statements(
        database.dsn, after.dsn, read_snapshot(database.dsn), rounds=3, progress=lambda *_: None
    )
    assert measured == ()
    assert [one.reason.partition(":")[0] for one in missing] == ["nobody knows what $1 was"]


def test_rows_that_differ_are_seen(database: Database, after: Database) -> None:
    database.rows("SELECT pg_stat_statements_reset()")
    database.rows("SELECT a, count(*) FROM t GROUP BY a")
    after.execute("DELETE FROM t WHERE id = 17")
    snapshot = read_snapshot(database.dsn)
    (one,), _ = measure_statements(database.dsn, after.dsn, snapshot, rounds=3, progress=lambda *_: None)
    assert (one.results_equal, one.verdict) == (False, "results differ")
