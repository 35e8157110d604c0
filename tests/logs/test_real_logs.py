"""Logs that a server wrote itself, in each form: the values of calls, their plans, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from pgwright.logs import Log, Logged, read_log
from pgwright.model.log import LoggedStatement
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from tests.logs.conftest import SUFFIXES, Logging
from tests.support.database import Database
from tests.support.postgres import MAJOR

SCHEMA = """
CREATE TABLE post (id int PRIMARY KEY, title text, author int, score numeric);
INSERT INTO post SELECT i, 'title ' || i, i % 10, i / 2.0 FROM generate_series(1, 20000) i;
VACUUM ANALYZE post;
SELECT pg_stat_statements_reset()
"""
ODD = "it's\n\t odd', $2 = 'x"


@pytest.fixture
def posts(logged_database: Database) -> Database:
    logged_database.execute(SCHEMA)
    return logged_database


@contextmanager
def session(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.dsn, autocommit=True) as connection:
        yield connection


def literal(connection: psycopg.Connection, statement: str, *values: object) -> None:
    """Run a statement as psycopg2 does: with the values in its text."""
    psycopg.ClientCursor(connection).execute(statement, values)


def of(log: Log, snapshot: Snapshot, part: str) -> Logged:
    (found,) = [one for one in snapshot.statements if part in one.text]
    return log.of(found.query_id)


def told(log: Log, part: str) -> LoggedStatement:
    (found,) = [one for one in log.told.statements if part in one.text and one.text]
    return found


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_values_of_both_protocols(logging: Logging, posts: Database, tmp_path: Path, suffix: str) -> None:
    with logging.written_to(tmp_path), session(posts) as connection:
        for author in (3, 4):
            connection.execute(
                "SELECT id FROM post\nWHERE author = %s AND title <> %s ORDER BY id LIMIT 2", (author, ODD)
            )
        literal(connection, "SELECT title FROM post WHERE author = %s AND title <> %s AND score > %s", -7, ODD, 1.5)
        literal(connection, "SELECT score FROM post WHERE id IN (%s, %s) AND title LIKE %s", 5, 7, "ti%")
        connection.execute("SELECT author FROM post WHERE (%s::int IS NULL OR id = %s::int)", (None, 17))
    snapshot = read_snapshot(posts.dsn)
    log = read_log([tmp_path / f"server{suffix}"], snapshot)
    assert sorted(of(log, snapshot, "SELECT id").calls) == [("3", ODD, "2"), ("4", ODD, "2")]
    assert of(log, snapshot, "SELECT title").calls == (("-7", ODD, "1.5"),)
    in_list = '{"5","7"}' if MAJOR >= 18 else None
    assert of(log, snapshot, "SELECT score").calls == (((in_list, "ti%"),) if in_list else (("5", "7", "ti%"),))
    assert of(log, snapshot, "SELECT author").calls == ((None, "17"),)
    assert told(log, "SELECT id").calls == 2, "each is there twice, by its end and by its plan"
    assert log.missing == ()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_plans_in_text_and_json(logging: Logging, posts: Database, tmp_path: Path, suffix: str) -> None:
    with logging.written_to(tmp_path), session(posts) as connection:
        for form in ("text", "json", "xml"):
            connection.execute(f"SET auto_explain.log_format = {form}")
            connection.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
            connection.execute("SELECT a.id FROM post a JOIN post b ON a.id = b.author WHERE b.title = %s", ("t",))
    snapshot = read_snapshot(posts.dsn)
    log = read_log([tmp_path / f"server{suffix}"], snapshot)
    (ways,) = of(log, snapshot, "SELECT a.id").plans
    assert ways.scans == (("post", "Index Scan"), ("post", "Seq Scan"))
    assert ways.joins == ("Nested Loop",)
    (missing,) = log.missing
    assert (missing.what, missing.remedy) == (
        "1 plan in the server's log", "set auto_explain.log_format = json",
    )  # fmt: skip


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.pg(">= 16")
def test_values_from_plans_alone(logging: Logging, posts: Database, tmp_path: Path, suffix: str) -> None:
    with logging.written_to(tmp_path), session(posts) as connection:
        connection.execute("SET log_min_duration_statement = -1")
        for form, author in (("text", 3), ("json", 4)):
            connection.execute(f"SET auto_explain.log_format = {form}")
            connection.execute("SELECT id\nFROM post WHERE author = %s AND title <> %s", (author, ODD))
    snapshot = read_snapshot(posts.dsn)
    log = read_log([tmp_path / f"server{suffix}"], snapshot)
    assert sorted(of(log, snapshot, "SELECT id").calls) == [("3", ODD), ("4", ODD)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_went_wrong(logging: Logging, posts: Database, tmp_path: Path, suffix: str) -> None:
    update = "UPDATE post SET title = %s WHERE id = %s"
    with logging.written_to(tmp_path), session(posts) as one, session(posts) as other:
        other.execute(update, ("a", 1))
        with one.transaction():
            one.execute(update, ("b", 1))
            other.execute("SET statement_timeout = '200ms'")
            with suppress(psycopg.errors.QueryCanceled):
                other.execute(update, ("c", 1))
        one.execute("SET work_mem = '64kB'")
        one.execute("SELECT title FROM post ORDER BY title")
        with suppress(psycopg.errors.DivisionByZero):
            one.execute("SELECT 1 / (id - %s) FROM post WHERE id = %s", (5, 5))
    log = read_log([tmp_path / f"server{suffix}"], read_snapshot(posts.dsn))
    locked, sorting = told(log, "UPDATE post"), told(log, "ORDER BY title")
    assert locked.lock_waits == 1
    assert 50 <= locked.waited_ms < 200
    sqlstate = "" if suffix == ".log" else "57014"
    assert [(one.sqlstate, one.what, one.count) for one in locked.errors] == [
        (sqlstate, "canceled by statement_timeout", 1)
    ]
    assert (sorting.temporary_files, sorting.lock_waits, sorting.errors) == (1, 0, ())
    assert sorting.temporary_bytes > 100_000
    (others,) = [one for one in log.told.statements if not one.text]
    assert others.query_id is None
    assert [one.what for one in others.errors] == ["division by zero"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_wait_that_ends_is_one_wait_for_its_whole_time(
    logging: Logging, posts: Database, tmp_path: Path, suffix: str
) -> None:
    update = "UPDATE post SET title = 'a' WHERE id = 1"
    with logging.written_to(tmp_path), session(posts) as one, session(posts) as other:
        one.execute("SELECT pg_advisory_lock(17)")
        one.execute("BEGIN; LOCK TABLE post")
        waiting = other.pgconn
        waiting.send_query(update.encode())
        one.execute("SELECT pg_sleep(0.2)")
        one.execute("COMMIT")
        while waiting.get_result() is not None:
            pass
    found = told(read_log([tmp_path / f"server{suffix}"], read_snapshot(posts.dsn)), "UPDATE post")
    assert found.lock_waits == 1
    assert found.waited_ms > 150


def _set_prefix(logging: Logging, prefix: str) -> None:
    with logging.server.admin() as admin:
        admin.execute(sql.SQL("ALTER SYSTEM SET log_line_prefix = {}").format(sql.Literal(prefix)))
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("SELECT pg_sleep(0.2)")


PREFIXES = (
    "%m [%p] ", "%t:%r:%u@%d:[%p]:", "%m [%p] %q%u@%d ", "%m [%p]: [%l-1] db=%d,user=%u ", "%t-%c-", "",
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ", "%n %Q %e %b %v %x|%10p|%-8u|%d|%i|%s ", "<%%> %u/%d %p: ",
)  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("is_known", [True, False])
def test_any_prefix_known_to_the_snapshot_or_not(
    logging: Logging, posts: Database, tmp_path: Path, prefix: str, is_known: bool
) -> None:
    if MAJOR < 14:
        prefix = prefix.replace(" %Q", "")
    _set_prefix(logging, prefix)
    other = Database(logging.server, f"o_{uuid4().hex[:12]}")
    logging.server.create_database(other.name)
    other.execute("CREATE TABLE post (id int, author int)")
    statement = "SELECT id FROM post WHERE author = %s"
    with logging.written_to(tmp_path), session(posts) as mine, session(other) as theirs:
        for author in range(3):
            mine.execute(statement, (author,))
            theirs.execute(statement, (author + 10,))
    snapshot = read_snapshot(posts.dsn)
    logging.server.drop_database(other.name)
    _set_prefix(logging, "%m [%p] ")
    if not is_known:
        snapshot.__dict__["setting_by_name"] = {}
    log = read_log([tmp_path / "server.log"], snapshot)
    told_by_prefix = "%d" in prefix and (is_known or prefix in PREFIXES[:7])
    expected = {("0",), ("1",), ("2",)} | (set() if told_by_prefix else {("10",), ("11",), ("12",)})
    assert set(of(log, snapshot, "SELECT id").calls) == expected
    assert bool(log.told.of_other_databases) == told_by_prefix
    assert log.told.unread == 0
