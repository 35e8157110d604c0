"""The copies themselves: on a server of the user's, which takes a second; what was left out, and why one fails."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgwright.errors import ConnectionFailed, ProofError
from pgwright.proof.copies import Copies, make_copies
from tests.support.database import Database


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    name = f"r_{database.name}"
    database.execute(f"CREATE ROLE {name} LOGIN")
    yield name
    database.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def rows(dsn: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def copied(database: Database, source: str | None = None) -> Copies:
    """Copy, and give back what was told of it; the copies are gone by then."""
    with make_copies(source or database.dsn, 0, staging=database.server.dsn()) as made:
        return made


def test_both_copies_are_whole_analyzed_and_vacuumed(database: Database) -> None:
    database.execute("CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 1000)")
    with make_copies(database.dsn, 0, staging=database.server.dsn()) as made:
        assert made.before != made.after
        assert made.not_examined == ()
        for dsn in (made.before, made.after):
            assert rows(dsn, "SELECT count(*) FROM t") == [(1000,)]
            state = "SELECT reltuples, relallvisible > 0 FROM pg_class WHERE relname = 't'"
            assert rows(dsn, state) == [(1000.0, True)]


def test_what_the_copy_could_not_take_is_told(database: Database) -> None:
    # pg_restore works with an empty search_path, so this check fails there, and the rows of t with it.
    database.execute(
        "CREATE TABLE known (n int); INSERT INTO known VALUES (1);"
        "CREATE FUNCTION is_known(int) RETURNS bool LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN EXISTS (SELECT FROM known WHERE n = $1); END $$;"
        "CREATE TABLE t (n int CHECK (is_known(n))); INSERT INTO t VALUES (1)"
    )
    (missing,) = copied(database).not_examined
    assert missing.what == "an object of the source"
    assert missing.reason.startswith('left out of the copy: COPY failed for table "t"')
    assert 'relation "known" does not exist' in missing.reason


@pytest.mark.parametrize(
    ("prepare", "hint"),
    [
        ("", "permission denied for table t. A copy needs to read every table: GRANT pg_read_all_data"),
        (
            "GRANT SELECT ON t TO {role}; ALTER TABLE t ENABLE ROW LEVEL SECURITY",
            'row-level security policy for table "t". A copy needs all rows: connect as a role with BYPASSRLS.',
        ),
    ],
)
def test_a_role_that_may_not_read_it_all_is_told_what_it_needs(
    database: Database, role: str, prepare: str, hint: str
) -> None:
    database.execute("CREATE TABLE t (n int);" + prepare.format(role=role))
    with pytest.raises(ProofError) as raised:
        copied(database, make_conninfo(database.dsn, user=role))
    assert str(raised.value).startswith("could not copy ")
    assert hint in str(raised.value)


def test_a_staging_role_that_may_not_create_databases_is_told(database: Database, role: str) -> None:
    with (
        pytest.raises(ProofError, match=r"could not set up a copy on .*: permission denied to create database"),
        make_copies(database.dsn, 0, staging=make_conninfo(database.server.dsn(), user=role)),
    ):
        pass


def test_a_staging_server_that_is_not_there_is_told(database: Database) -> None:
    with (
        pytest.raises(ConnectionFailed, match=r"Check the staging DSN\."),
        make_copies(database.dsn, 0, staging="host=/nowhere user=me password=s3cret") as _,
    ):
        pass


def test_rooms_for_three_are_asked_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 3 * 2**30 - 1}))
    with (
        pytest.raises(ProofError, match=r"has 1\.0 GiB and its copies need 3 times as much, but .* has 3\.0 GiB free"),
        make_copies(database.dsn, 2**30),
    ):
        pass
