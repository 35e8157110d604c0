"""Partitioned tables for tests, and what a second session sees of locks on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid

from tests.support.database import Database

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)
EVENTS = """
    CREATE TABLE events (id uuid DEFAULT gen_random_uuid(), created_at timestamptz NOT NULL, body text,
        PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);
    CREATE INDEX ix_events_body ON events (body)
"""


def events_table() -> Table:
    """The table as an app declares it."""
    return Table(
        "events",
        MetaData(),
        Column("id", Uuid, primary_key=True),
        Column("created_at", DateTime(timezone=True)),
        Column("body", Text),
    )


def month(number: int, parent: str = "events", year: int = 2026) -> str:
    """Return the statement that makes a month's partition."""
    first = datetime(year, number, 1, tzinfo=UTC)
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    name = f"{parent}_{first:%Y_%m}"
    return f"CREATE TABLE {name} PARTITION OF {parent} FOR VALUES FROM ('{first}') TO ('{following}')"


def attached(database: Database, table: str = "events") -> dict[str, str]:
    """Return the partitions of a table with their bounds."""
    rows = database.rows_in_one_session(
        "SET TimeZone = 'UTC'",
        f"""
        SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = '{table}'::regclass ORDER BY 1
        """,
    )
    return {str(name): str(bound).removeprefix("FOR VALUES ") for name, bound in rows}


@dataclass
class LockWatch:
    """What a second session saw of locks, as often as it could look."""

    modes: dict[str, set[str]] = field(default_factory=dict)
    """Granted, by table."""
    longest_s: dict[tuple[str, str], float] = field(default_factory=dict)
    """From the first to the last look in one row that saw it, by table and mode."""


@contextmanager
def watched_locks(database: Database, *tables: str) -> Iterator[LockWatch]:
    """Look at the locks that other sessions hold on tables, until the block ends."""
    watch, ended, ready = LockWatch(), threading.Event(), threading.Event()
    query = """
        SELECT c.relname, l.mode, l.pid, extract(epoch FROM clock_timestamp())::float8
        FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
        WHERE l.granted AND c.relname = ANY(%s) AND l.pid <> pg_backend_pid()
    """

    def look() -> None:
        since: dict[tuple[str, str, int], float] = {}
        with psycopg.connect(database.dsn, autocommit=True) as connection:
            while not ended.is_set():
                seen = set()
                for name, mode, pid, at in connection.execute(query, (list(tables),)).fetchall():
                    seen.add((name, mode, pid))
                    watch.modes.setdefault(name, set()).add(mode)
                    began = since.setdefault((name, mode, pid), at)
                    watch.longest_s[name, mode] = max(watch.longest_s.get((name, mode), 0.0), at - began)
                since = {key: at for key, at in since.items() if key in seen}
                ready.set()

    thread = threading.Thread(target=look)
    thread.start()
    ready.wait()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()


@dataclass
class Load:
    """What an app did meanwhile: it writes a row, then reads how many of its rows there are."""

    written: int = 0
    errors: list[BaseException] = field(default_factory=list)
    longest_s: float = 0.0
    """Of a write and a read."""


@contextmanager
def running_load(database: Database, moment: str) -> Iterator[Load]:
    """Write and read rows of a moment until the block ends; fail if one failed, was missed or seen twice."""
    load, ended, ready = Load(), threading.Event(), threading.Event()

    def work() -> None:
        try:
            with psycopg.connect(database.dsn, autocommit=True) as connection:
                while not ended.is_set():
                    began = time.perf_counter()
                    connection.execute("INSERT INTO events (created_at, body) VALUES (%s, 'load')", (moment,))
                    load.written += 1
                    row = connection.execute("SELECT count(*) FROM events WHERE body = 'load'").fetchone()
                    assert row == (load.written,)
                    load.longest_s = max(load.longest_s, time.perf_counter() - began)
                    ready.set()
        except BaseException as error:  # noqa: BLE001 (told by the thread that waits)
            load.errors.append(error)
            ready.set()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    try:
        yield load
    finally:
        ended.set()
        thread.join()
    assert not load.errors, load.errors
