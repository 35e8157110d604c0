"""What of the workload is not seen is counted, with its share of the time, and with what would show it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgwright.checks import run_checks, score_subjects
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from tests.support.database import Database
from tests.support.postgres import MAJOR, run_postgres
from tests.support.roles import apply_remedies, role_of

SCHEMA = "CREATE TABLE t (id int, a text); GRANT SELECT ON t TO PUBLIC"
QUERY = "SELECT id FROM t WHERE a = 'x'"


@pytest.fixture
def used(database: Database) -> Database:
    database.execute(SCHEMA)
    database.rows(QUERY)
    return database


def seen(snapshot: Snapshot) -> bool:
    return any(one.text.startswith("SELECT id FROM t") for one in snapshot.statements)


def about_workload(snapshot: Snapshot) -> str:
    """Return the one entry for which the statements are missing."""
    (entry,) = [one for one in snapshot.not_examined if "statements" in one.parts]
    return f"{entry.what}: {entry.reason} → {entry.remedy}"


def test_hidden_statements_are_counted_and_the_score_says_how_much_it_rests_on(used: Database) -> None:
    with role_of(used) as dsn:
        # Of its own, and no sign of the app.
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("CREATE TEMP TABLE kept AS SELECT count(*) FROM t")
        snapshot = read_snapshot(dsn)
        (entry,) = [one for one in snapshot.not_examined if "of the workload's time" in one.what]
        assert entry.remedy == f"GRANT pg_monitor TO r_{used.name}"
        hidden = snapshot.unread_statements
        assert hidden.count > 0
        assert entry.what.startswith(f"{hidden.count} of ")
        run = run_checks(snapshot)
        scores = {one.subject: one for one in score_subjects(snapshot, run.findings, run.not_examined)}
        (time,) = [one for one in scores["queries"].looked_at if one.of == "the statements' time"]
        assert 0 < time.share < 1
        apply_remedies(used, [entry])
        again = read_snapshot(dsn)
    assert again.unread_statements.count == 0
    assert seen(again)


def test_where_all_statements_are_hidden_the_workload_was_not_examined(used: Database) -> None:
    with role_of(used) as dsn:
        snapshot = read_snapshot(dsn)
    assert "hides their text" in about_workload(snapshot)
    checks = {name for one in run_checks(snapshot).not_examined for name in one.checks}
    assert {"n-plus-one-suspect", "deep-offset", "superuser-application"} <= checks


def test_a_schema_that_the_role_may_not_use_is_told_with_the_one_grant(used: Database) -> None:
    used.execute("CREATE SCHEMA extensions; ALTER EXTENSION pg_stat_statements SET SCHEMA extensions")
    with role_of(used, "pg_monitor") as dsn:
        snapshot = read_snapshot(dsn)
        grant = f"GRANT USAGE ON SCHEMA extensions TO r_{used.name}"
        assert about_workload(snapshot) == (
            f"the workload: permission denied for the schema of pg_stat_statements, extensions → {grant}"
        )
        used.execute(grant)
        assert seen(read_snapshot(dsn))


def test_a_function_that_the_role_may_not_call_is_told_with_its_grant(used: Database) -> None:
    used.execute("REVOKE EXECUTE ON FUNCTION pg_stat_statements(boolean) FROM PUBLIC")
    with role_of(used, "pg_monitor") as dsn:
        snapshot = read_snapshot(dsn)
        assert "permission denied for the function" in about_workload(snapshot)
        apply_remedies(used, [one for one in snapshot.not_examined if "statements" in one.parts])
        assert seen(read_snapshot(dsn))


def test_an_extension_of_an_older_release_is_told_to_be_updated(database: Database) -> None:
    database.execute("DROP EXTENSION pg_stat_statements; CREATE EXTENSION pg_stat_statements VERSION '1.7'")
    database.execute(SCHEMA)
    database.rows(QUERY)
    snapshot = read_snapshot(database.dsn)
    assert about_workload(snapshot).endswith("→ ALTER EXTENSION pg_stat_statements UPDATE")
    apply_remedies(database, [one for one in snapshot.not_examined if "statements" in one.parts])
    assert seen(read_snapshot(database.dsn))


def test_without_the_extension_the_remedy_is_what_is_lacking(database: Database) -> None:
    database.execute("DROP EXTENSION pg_stat_statements")
    snapshot = read_snapshot(database.dsn)
    assert about_workload(snapshot).endswith("is not installed in this database → CREATE EXTENSION pg_stat_statements")


@pytest.mark.parametrize(
    ("name", "off", "on"),
    [
        ("pg_stat_statements.track", "none", "top"),
        pytest.param("compute_query_id", "off", "auto", marks=pytest.mark.pg(">= 14")),
    ],
)
def test_what_counts_nothing_any_more_is_told(used: Database, name: str, off: str, on: str) -> None:
    used.execute(f"ALTER DATABASE {used.name} SET {name} = {off}")
    snapshot = read_snapshot(used.dsn)
    (entry,) = [one for one in snapshot.not_examined if one.what == "what runs now"]
    assert (entry.parts, f"{name} = {on}" in entry.remedy) == ((), True)


@contextmanager
def other_database(database: Database, encoding: str) -> Iterator[Database]:
    """A second database, whose texts may be of another encoding."""
    other = Database(database.server, f"o_{uuid4().hex[:12]}")
    with database.server.admin("postgres") as connection:
        connection.execute(
            f"CREATE DATABASE {other.name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
            + (" LOCALE_PROVIDER libc" if MAJOR >= 15 else "")
        )
    try:
        other.execute("CREATE EXTENSION pg_stat_statements")
        yield other
    finally:
        database.server.drop_database(other.name)


def test_a_text_that_this_encoding_cannot_express_loses_only_those_of_its_role(database: Database) -> None:
    """The server converts the texts of all databases, or refuses them all."""
    with other_database(database, "LATIN1") as latin, role_of(latin) as dsn:
        latin.execute(SCHEMA)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(QUERY.encode())
        database.rows('SELECT 1 AS "→"')  # as the role that owns all else
        snapshot = read_snapshot(latin.dsn)
        assert seen(snapshot), "that role ran nothing odd"
        (entry,) = [one for one in snapshot.not_examined if "encoding" in one.reason]
        assert database.name in entry.remedy
        assert snapshot.unread_statements.count > 0
        with latin.server.admin("postgres") as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        apply_remedies(latin, [entry])
        again = read_snapshot(latin.dsn)
    assert again.not_examined == ()
    assert again.unread_statements.count == 0


def test_a_text_of_a_database_that_was_dropped_is_reset_too(database: Database) -> None:
    with other_database(database, "LATIN1") as latin:
        with other_database(database, "UTF8") as gone:
            gone.rows('SELECT 1 AS "→"')
        (entry,) = [one for one in read_snapshot(latin.dsn).not_examined if "encoding" in one.reason]
        with latin.server.admin("postgres") as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        apply_remedies(latin, [entry])
        assert not [one for one in read_snapshot(latin.dsn).not_examined if "encoding" in one.reason]


def test_a_database_without_an_encoding_is_read(database: Database) -> None:
    with other_database(database, "SQL_ASCII") as ascii_only:
        dsn = make_conninfo(ascii_only.dsn, client_encoding="SQL_ASCII")
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(b'CREATE TABLE "caf\xe9" (id int PRIMARY KEY, "na\xc3\xafve" text DEFAULT \'\xe9\')')
            connection.execute(b"INSERT INTO \"caf\xe9\" SELECT i, '\xe9' || i % 3 FROM generate_series(1, 100) i")
            connection.execute(b'ANALYZE "caf\xe9"')
            connection.execute(b'SELECT id FROM "caf\xe9" WHERE "na\xc3\xafve" = \'x\'')
        snapshot = read_snapshot(ascii_only.dsn)
        assert snapshot.not_examined == ()
        (table,) = snapshot.tables
        assert (table.name.name, [column.name for column in table.columns]) == ("caf\\xe9", ["id", "naïve"])
        assert any('"caf\\xe9"' in one.text for one in snapshot.statements)
        assert 'CREATE TABLE public."caf\\xe9"' in snapshot.schema_sql
        assert {value for row in snapshot.statistics for value in row.common_values or ()} == {
            "\\xe90", "\\xe91", "\\xe92",
        }  # fmt: skip
        ascii_only.execute("SELECT pg_stat_statements_reset()")


def test_the_encoding_of_the_client_is_ours_to_choose(used: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    used.execute('CREATE TABLE "日本" (id int)')
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    assert "日本" in {table.name.name for table in read_snapshot(used.dsn).tables}


def test_odd_characters_in_names_stay_what_they_are(database: Database) -> None:
    odd = 'a\rb\r\nc\td"e\\f\u202e'
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        quoted = '"' + odd.replace('"', '""') + '"'
        connection.execute(f"CREATE TABLE {quoted} (id int PRIMARY KEY, {quoted} text)".encode())
    snapshot = read_snapshot(database.dsn)
    assert [table.name.name for table in snapshot.tables] == [odd]
    assert quoted in snapshot.schema_sql


def test_commands_that_are_not_counted_are_told(used: Database) -> None:
    used.execute(f"ALTER DATABASE {used.name} SET pg_stat_statements.track_utility = off")
    (entry,) = [one for one in read_snapshot(used.dsn).not_examined if "command" in one.what]
    assert "pg_stat_statements.track_utility = on" in entry.remedy


@pytest.mark.pg(">= 14")
def test_statements_that_were_dropped_for_others_are_told() -> None:
    """Without a word, the shares of the time would be taken for those of all that ran."""
    settings = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.max": "100"}
    with run_postgres(settings) as server, psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        connection.execute("CREATE TABLE wide (" + ", ".join(f"c{i} int" for i in range(15)) + ")")
        assert read_snapshot(server.dsn("postgres")).not_examined == ()
        for one in range(15):
            for other in range(15):
                connection.execute(f"SELECT c{one} FROM wide WHERE c{other} = 1".encode())
        (entry,) = read_snapshot(server.dsn("postgres")).not_examined
    assert entry.what == "statements that pg_stat_statements has dropped"
    assert "it keeps 100" in entry.reason
