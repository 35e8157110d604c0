from __future__ import annotations

import psycopg
import pytest

from pgwright.model.change import DropIndex, RebuildIndex
from pgwright.model.finding import Finding
from pgwright.model.index import Index
from pgwright.snapshot import read_snapshot
from tests.support.builders import make_index, make_snapshot, make_table, run
from tests.support.database import Database

CHECK = "invalid-index"


def _run(name: str = "ix_job", **fields: object) -> list[Finding]:
    return run(CHECK, make_snapshot(make_table("job"), make_index(name, "job", "id", **fields)))


def test_fires_and_rebuilds() -> None:
    (finding,) = _run(is_valid=False)
    assert isinstance(finding.changes[0], RebuildIndex)


def test_quiet_for_a_valid_index() -> None:
    assert _run() == []


def test_the_text_says_what_it_costs() -> None:
    assert "every write pays for it" in _run(is_valid=False)[0].message
    (unready,) = _run(is_valid=False, is_ready=False)
    assert "every write" not in unready.message
    assert "it only takes its space" in unready.message


def test_a_unique_one_is_never_dropped_first() -> None:
    for is_ready in (True, False):
        (finding,) = _run(is_valid=False, is_unique=True, is_ready=is_ready)
        assert (finding.changes, finding.sql) == ((), "REINDEX INDEX CONCURRENTLY public.ix_job")
        assert ("refuses new duplicates today" in finding.advice) == is_ready
        assert "look for them first" in finding.advice


def test_a_unique_one_whose_build_met_duplicates_is_rebuilt_once_they_are_gone(database: Database) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE person AS SELECT 'a' AS mail FROM generate_series(1, 2)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY ix_mail ON person (mail)")
        (finding,) = run(CHECK, read_snapshot(database.dsn))
        assert "no write keeps it up" in finding.message
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(finding.sql.encode())
        connection.execute("DELETE FROM person WHERE ctid = '(0,1)'")
        connection.execute(finding.sql.encode())
    (left,) = run(CHECK, read_snapshot(database.dsn))
    assert (left.object, type(left.changes[0])) == ("ix_mail_ccnew", DropIndex)


def test_the_rebuild_of_a_unique_one_lets_no_duplicate_in(database: Database) -> None:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE person AS SELECT 'a' AS mail")
        connection.execute("CREATE UNIQUE INDEX ix_mail ON person (mail)")
        connection.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_mail'::regclass")
        (finding,) = run(CHECK, read_snapshot(database.dsn))
        assert "every write pays for it" in finding.message
        assert "DROP" not in finding.sql
        connection.execute(finding.sql.encode())
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES ('a')")
    assert run(CHECK, read_snapshot(database.dsn)) == []


def _with(*indexes: Index) -> list[tuple[str, type]]:
    found = run(CHECK, make_snapshot(make_table("job", "id bigint, n int"), *indexes))
    return [(finding.object, type(finding.changes[0])) for finding in found]


@pytest.mark.parametrize("name", ["ix_job_ccnew", "ix_job_ccold1", "ix_other"])
@pytest.mark.parametrize("keys", ["id", "id, n"])
def test_what_a_valid_index_does_is_not_built_again(name: str, keys: str) -> None:
    assert _with(make_index("ix_job", "job", keys), make_index(name, "job", "id", is_valid=False)) == [
        (name, DropIndex)
    ]


@pytest.mark.parametrize("name", ["ix_job_ccnew", "ix_job_ccold1", "ix_other"])
def test_a_name_alone_makes_no_leftover(name: str) -> None:
    other = make_index("ix_job", "job", "n")
    assert _with(other, make_index(name, "job", "id", is_valid=False)) == [(name, RebuildIndex)]


def test_of_two_invalid_ones_of_a_kind_one_is_built_again() -> None:
    two = (make_index("a", "job", "id", is_valid=False), make_index("b", "job", "id", is_valid=False))
    assert _with(*two) == [("a", RebuildIndex), ("b", DropIndex)]


def test_of_two_unique_ones_none_is_dropped_that_keeps_duplicates_out() -> None:
    table = make_table("job", "id bigint, n int")
    first = make_index("a", "job", "id", is_unique=True, is_valid=False, is_ready=False)
    for is_ready, changes in ((True, []), (False, [DropIndex])):
        second = make_index("b", "job", "id", is_unique=True, is_valid=False, is_ready=is_ready)
        found = run(CHECK, make_snapshot(table, first, second))
        assert [type(change) for finding in found for change in finding.changes] == changes


def test_what_reindex_left_of_a_deferrable_constraint_is_dropped() -> None:
    own = make_index("key", "job", "id", is_unique=True, is_deferrable=True, constraint="key")
    copy = make_index("key_ccnew", "job", "id", is_unique=True, is_deferrable=True, is_valid=False)
    assert _with(own, copy) == [("key_ccnew", DropIndex)]


def test_an_index_that_a_constraint_owns_is_rebuilt_in_place() -> None:
    (finding,) = _run(is_valid=False, constraint="ix_job")
    assert (finding.changes, finding.sql) == ((), "REINDEX INDEX CONCURRENTLY public.ix_job")


def test_a_partitioned_index_with_missing_parts_is_for_a_person() -> None:
    parent = make_table("event", kind="partitioned table")
    leaf = make_table("event_1", parent="event")
    head = make_index("ix", "event", "id", is_valid=False)
    part = make_index("ix_1", "event_1", "id", parent="ix")
    (finding,) = run(CHECK, make_snapshot(parent, leaf, head, part))
    assert (finding.object, finding.changes) == ("ix", ())
    assert "ATTACH PARTITION" in finding.advice


def test_a_partitioned_index_without_any_part_is_for_a_person() -> None:
    parent = make_table("event", kind="partitioned table")
    (finding,) = run(CHECK, make_snapshot(parent, make_index("ix", "event", "id", is_valid=False)))
    assert finding.changes == ()
