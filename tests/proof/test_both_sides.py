"""Statements on two copies that differ: one that fits one side only does not disturb the others."""

from __future__ import annotations

import pytest

from pgwright.embedded import EmbeddedServer
from pgwright.model.names import QualifiedName
from pgwright.model.proof import LostRows
from tests.proof.conftest import Copied
from tests.support.database import Database
from tests.support.two_copies import ask, measure


@pytest.fixture
def after(database: Database, copied: Copied) -> Database:
    """A copy of the database, which has one table."""
    database.execute(
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int);"
        "INSERT INTO t SELECT i, i % 10, i FROM generate_series(1, 5000) i; ANALYZE t"
    )
    return copied()


def test_a_statement_that_no_longer_fits_is_told_and_the_next_is_measured(
    database: Database, after: Database, twin_server: EmbeddedServer
) -> None:
    ask(database, *["SELECT sum(b) FROM t"] * 50, "SELECT a, count(*) FROM t GROUP BY a")
    after.execute("ALTER TABLE t DROP COLUMN b")
    measured, missing = measure(database, after, twin_server)
    assert [(one.text, one.results_equal) for one in measured] == [("SELECT a, count(*) FROM t GROUP BY a", True)]
    assert measured[0].before.runs in (3, 6, 12), "a doubtful difference is looked at again"
    assert [(one.what, one.reason) for one in missing] == [
        ("statement SELECT sum(b) FROM t", 'column "b" does not exist')
    ]


def test_a_value_of_a_type_that_nobody_knows_is_not_made_up(
    database: Database, after: Database, twin_server: EmbeddedServer
) -> None:
    for each in (database, after):
        each.execute("CREATE TABLE bare (m macaddr)")
    ask(database, "SELECT * FROM bare WHERE m = '08:00:2b:01:02:03'")
    measured, missing = measure(database, after, twin_server)
    assert measured == ()
    assert [one.reason.partition(":")[0] for one in missing] == ["nobody knows what $1 was"]


@pytest.mark.parametrize("change", ["DELETE FROM t WHERE id = 17", "UPDATE t SET a = 1 WHERE id = 17"])
def test_rows_that_differ_are_seen_where_no_limit_cuts(
    database: Database, after: Database, twin_server: EmbeddedServer, change: str
) -> None:
    ask(database, "SELECT a, count(*) FROM t GROUP BY a", "SELECT id, a FROM t WHERE id < 100")
    after.execute(change)
    measured, _ = measure(database, after, twin_server)
    assert [(one.results_equal, one.verdict, one.not_compared) for one in measured] == [
        (False, "results differ", ())
    ] * 2


def test_a_statement_on_rows_that_the_copies_lack_is_not_measured(
    database: Database, after: Database, twin_server: EmbeddedServer
) -> None:
    ask(database, "SELECT count(*) FROM t")
    lost = LostRows(QualifiedName("public", "t"), 7000, 5000, "")
    measured, missing = measure(database, after, twin_server, lost=[lost])
    assert measured == ()
    assert [one.reason for one in missing] == ["not proved, rows lost: the copies hold 5,000 of 7,000 rows of t"]
