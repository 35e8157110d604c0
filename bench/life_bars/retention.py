"""Retention beside an application's load and a replica, a single DELETE beside it, and kills at any moment."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import psycopg
from query_bars.figures import Figure, at_least, at_most, shown
from query_bars.scale import scaled

from life_bars.retention_kills import kill_at_any_moment
from life_bars.retention_load import Load, quantile
from life_bars.retention_schema import DEAD_ROWS_SHARE, SCHEMA, retention
from pgwright.embedded import EmbeddedServer, run_server
from pgwright_runtime import create_engine
from pgwright_runtime.batches import Pace
from runtime.tests.support import replica_servers

ROWS, KILLS = scaled(3_000_000), scaled(200, 10)
SECONDS_BAR = 200.0
"""For a million rows; of fewer, their share."""
QUIET_S, BUSY_S = 8.0, 20.0
LAG_BAR_MB = 32.0
"""The limit at which batches wait, 16 MB, and as much again for the one under way and what the app writes."""
# As a server is run, but for its size: the machine is small.
SETTINGS = {
    **replica_servers.SETTINGS,
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "autovacuum_naptime": "15s",
}
_LAG = """
    SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)) FROM pg_stat_replication WHERE state = 'streaming'
"""
_DEAD = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'event'"


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    with run_server(settings=SETTINGS) as primary:
        primary.create_database("life")
        _fill(primary)
        primary.create_database("life_single", template="life")
        with replica_servers.run_replica(primary) as replica:
            yield from _in_batches(primary)
            replica.catch_up()
            yield from _single_delete(primary)
    with run_server(settings=SETTINGS) as server:
        yield from kill_at_any_moment(server, KILLS)


def _fill(primary: EmbeddedServer) -> None:
    with primary.admin("life") as connection:
        for statement in SCHEMA.split(";"):
            connection.execute(statement.replace("$rows", str(ROWS)).encode())
        connection.execute("CHECKPOINT")


def _in_batches(primary: EmbeddedServer) -> Iterator[Figure]:
    engine = create_engine(primary.url("life"), pool_size=3)
    due = _due(primary, "life")
    quiet, busy = [], []
    rows, seconds, longest, waited = 0, 0.0, 0.0, 0.0
    with Load.running(primary.dsn("life"), ROWS) as load, _watched(primary, "life") as worst:
        is_done = False
        while not is_done:
            quiet.append(load.window(QUIET_S))
            with load.noting() as window:
                run = retention().run(engine, limit=timedelta(seconds=BUSY_S), pace=Pace())
            busy.append(window)
            is_done = run.is_done
            rows += sum(one.rows.get("event", 0) for one in run.rules)
            seconds += run.seconds
            waited += sum(one.waited_s for one in run.rules)
            longest = max(longest, *(one.longest_s for one in run.rules))
            print(
                f"    {rows:,} of {due:,} rows in {seconds:.0f} s, {run.ended}, {run.rules[0].batches:,} batches",
                file=sys.stderr,
                flush=True,
            )
        latencies = load.stop()
    engine.dispose()
    calm, loaded = (_all(latencies, windows) for windows in (quiet, busy))
    yield at_least("retention: share of the due rows that went", rows / due, "", 1.0)
    yield at_most(f"retention: {due:,} of {ROWS:,} rows deleted beside a load", seconds, "s", SECONDS_BAR * due / 1e6)
    yield shown("retention: of that, waiting for replica, locks or vacuum", waited, "s")
    yield shown("retention: longest batch", longest * 1000, "ms")
    yield shown("retention: load, requests per second", len(calm) / sum(end - start for start, end in quiet), "/s")
    yield shown("retention: p99 of the load, quiet", quantile(calm, 0.99) * 1000, "ms")
    yield shown("retention: p99 of the load, meanwhile", quantile(loaded, 0.99) * 1000, "ms")
    yield at_most(
        "retention: p99 of the load, to its quiet value", quantile(loaded, 0.99) / quantile(calm, 0.99), "", 2
    )
    yield at_most("retention: most that the replica was behind", worst["lag"] / 2**20, "MB", LAG_BAR_MB)
    bound = max(2 * (50 + DEAD_ROWS_SHARE * ROWS), 100_000) + 20_000
    yield at_most("retention: most dead rows of the table", worst["dead"], "rows", bound)


def _single_delete(primary: EmbeddedServer) -> Iterator[Figure]:
    with Load.running(primary.dsn("life_single"), ROWS) as load, _watched(primary, "life_single") as worst:
        quiet = [load.window(QUIET_S) for _ in range(2)]
        with load.noting() as window, psycopg.connect(primary.dsn("life_single"), autocommit=True) as connection:
            connection.execute("DELETE FROM event WHERE deleted_at < now() - interval '90 days'")
        latencies = load.stop()
    calm, loaded = _all(latencies, quiet), _all(latencies, [window])
    yield shown("single DELETE: seconds", window[1] - window[0], "s")
    yield shown("single DELETE: p99 of the load, meanwhile", quantile(loaded, 0.99) * 1000, "ms")
    yield shown("single DELETE: p99 of the load, to its quiet value", quantile(loaded, 0.99) / quantile(calm, 0.99), "")
    yield shown("single DELETE: most that the replica was behind", worst["lag"] / 2**20, "MB")
    yield shown("single DELETE: most dead rows of the table", worst["dead"], "rows")


def _due(primary: EmbeddedServer, database: str) -> int:
    with primary.admin(database) as connection:
        row = connection.execute("SELECT count(*) FROM event WHERE deleted_at < now() - interval '90 days'").fetchone()
    assert row is not None
    return int(row[0])


@contextmanager
def _watched(primary: EmbeddedServer, database: str) -> Iterator[dict[str, float]]:
    """Note the worst that the replica and the table come to."""
    worst, ended = {"lag": 0.0, "dead": 0.0}, Event()

    def watch() -> None:
        with primary.admin(database) as connection:
            while not ended.wait(0.1):
                for name, query in (("lag", _LAG), ("dead", _DEAD)):
                    row = connection.execute(query.encode()).fetchone()
                    worst[name] = max(worst[name], float((row and row[0]) or 0))

    thread = Thread(target=watch)
    thread.start()
    try:
        yield worst
    finally:
        ended.set()
        thread.join()


def _all(latencies: list[tuple[float, float]], windows: list[tuple[float, float]]) -> list[float]:
    """Return the seconds of the requests that were due inside of windows."""
    return [took for at, took in latencies if any(start <= at < end for start, end in windows)]
