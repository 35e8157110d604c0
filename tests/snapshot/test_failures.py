"""A reader that fails takes nothing else with it, finds no fault, and is told with what helps."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import psycopg
import pytest

from pgwright.checks import run_checks
from pgwright.database import Limits, connect, limited
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.snapshot import read_snapshot
from pgwright.sql_files import read_sql
from tests.support.database import Database

SCHEMA = """
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (id int PRIMARY KEY, parent_id int REFERENCES parent);
CREATE INDEX ON child (parent_id);
CREATE TABLE event (id int, at date, parent_id int REFERENCES parent) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX ON event (parent_id);
INSERT INTO parent SELECT generate_series(1, 3000);
INSERT INTO child SELECT i, i FROM generate_series(1, 3000) i;
INSERT INTO event SELECT i, '2026-01-01', i FROM generate_series(1, 3000) i;
ANALYZE;
"""
SLOW = "SELECT pg_sleep(5) AS x"


@pytest.fixture
def filled(database: Database) -> Database:
    database.execute(SCHEMA)
    return database


def findings(snapshot: Snapshot) -> set[str]:
    return {finding.key for finding in run_checks(snapshot).findings}


READERS = (
    "tables", "indexes", "foreign_keys", "sequences", "statistics", "extended_statistics", "statements", "settings",
    "role_settings", "roles", "sessions", "hidden", "owner_only",
)  # fmt: skip


@pytest.mark.parametrize("name", READERS)
def test_a_query_that_takes_too_long_is_told_with_the_limit_and_makes_no_finding(
    filled: Database, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = findings(read_snapshot(filled.dsn, with_schema=False))

    def slow(package: str, asked: str, version: int) -> str:
        return SLOW if asked == name else read_sql(package, asked, version)

    monkeypatch.setattr("pgwright.database.read_sql", slow)
    with limited(Limits(statement_timeout_ms=700)):
        snapshot = read_snapshot(filled.dsn, with_schema=False)
    told = [one for one in snapshot.not_examined if "statement timeout" in one.reason]
    assert [one.remedy for one in told] == [
        "give each query more than 700 ms: --statement-timeout, or statement_timeout in [tool.pgwright]"
    ]
    assert findings(snapshot) <= whole


@pytest.mark.parametrize("locked", ["child", "event_2025", "event"])
def test_what_somebody_locks_is_left_out_whole_and_told(filled: Database, locked: str) -> None:
    """Of a partition the whole partitioned table: what its other parts count says little."""
    whole = findings(read_snapshot(filled.dsn))
    with psycopg.connect(filled.dsn) as other:
        other.execute(f"LOCK TABLE {locked} IN ACCESS EXCLUSIVE MODE".encode())
        snapshot = read_snapshot(filled.dsn)
    gone = {"child"} if locked == "child" else {"event", "event_2025", "event_2026"}
    (entry,) = [one for one in snapshot.not_examined if one.what.startswith("tables")]
    assert {name.name for name in entry.relations} == gone
    assert gone.isdisjoint(table.name.name for table in snapshot.tables)
    assert findings(snapshot) <= whole


@pytest.mark.pg(">= 18")  # the newest there is stands for one that is newer
def test_a_server_newer_than_known_is_named_and_read_as_far_as_it_goes(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgwright.database.server_version", lambda connection: 190_001)
    snapshot = read_snapshot(filled.dsn)
    assert (snapshot.server.major, len(snapshot.tables)) == (19, 5)
    (entry,) = snapshot.not_examined
    assert entry.what == "what is new in PostgreSQL 19"
    assert entry.remedy == "pip install --upgrade pgwright"


REFUSAL = "pg_dump: error: aborting because of server version mismatch\npg_dump: detail: server version: 19.1; pg_dump"


def program(folder: Path, name: str, version: str, text: str, code: int) -> None:
    """Write a program that stands for a pg_dump which does not exist yet."""
    path = folder / name
    path.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) {version}" && exit 0\n{text}\nexit {code}\n'
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_where_pg_dump_refuses_a_newer_server_a_newer_one_is_asked_for(
    filled: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(tmp_path, "pg_dump", "18.6", f'echo "{REFUSAL}" >&2', 1)
    monkeypatch.setattr("pgwright.snapshot.schema.binaries", lambda: tmp_path)
    monkeypatch.setattr("pgwright.database.server_version", lambda connection: 190_001)
    told = {one.what: one.remedy for one in read_snapshot(filled.dsn).not_examined}
    assert told["schema"] == "pip install --upgrade pgwright, or put the pg_dump of PostgreSQL 19 into PATH"
    newer = tmp_path / "newer"
    newer.mkdir()
    program(newer, "pg_dump", "19.1", "echo 'CREATE TABLE public.t ();'", 0)
    monkeypatch.setenv("PATH", f"{newer}{os.pathsep}{os.environ['PATH']}")
    assert read_snapshot(filled.dsn).schema_sql == "CREATE TABLE public.t ();\n"


def test_a_table_of_which_the_indexes_were_not_read_is_left_out_of_the_checks_that_need_them(filled: Database) -> None:
    snapshot = read_snapshot(filled.dsn)
    assert snapshot.without([QualifiedName("public", "event_2026")]).tables == tuple(
        table for table in snapshot.tables if not table.name.name.startswith("event")
    )


def test_the_limit_is_that_of_the_user(database: Database) -> None:
    with limited(Limits(statement_timeout_ms=120_000)), connect(database.dsn) as opened:
        assert opened.query("SHOW statement_timeout") == [{"statement_timeout": "2min"}]
