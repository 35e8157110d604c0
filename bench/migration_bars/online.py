"""Keys to uuid while old and new code run: errors, lock waits, the time it takes, kills, and what it comes to."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from query_bars.figures import Figure, at_most, shown
from query_bars.scale import SCALE, scaled

from migration_bars.online_kills import kill_at_any_moment
from migration_bars.online_series import Directory, differences, prepare, run_stage, write_revisions
from migration_bars.online_watch import Apps, running_apps, watched_waits
from notebook import data
from pgwright.embedded import EmbeddedServer, run_server
from pgwright_runtime.batches import Pace

RATE = 200.0
"""Transactions per second of all code together."""
BESIDE_S = 10.0
"""How long old and new code run beside each other before the swap, and after it."""
MINUTES_BAR = 20.0
KILLS = scaled(100, 5)
KILL_SCALE = 0.002
# Half of the time: with the rests of the default, the small machine would take most of the time that there is.
PACE = Pace(busy=0.5)
# As a server is run, but for its size: the machine is small.
SETTINGS = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "512MB", "max_wal_size": "4GB",
            "maintenance_work_mem": "128MB", "autovacuum_naptime": "15s"}  # fmt: skip


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    with run_server(settings=SETTINGS) as server, tempfile.TemporaryDirectory(prefix="pgwright-") as folder:
        prepare(server, "online", SCALE)
        series, plain = write_revisions(server, "online", Path(folder, "large"))
        yield from _beside(server, series)
        yield from _compared(server, series, plain)
        server.drop_database("online")
        prepare(server, "small", KILL_SCALE)
        series, plain = write_revisions(server, "small", Path(folder, "small"))
        server.create_database("plain", template="small")
        plain.upgrade(server.url("plain", "psycopg"), "plain")
        yield from kill_at_any_moment(server, "small", "plain", series, KILLS)


def _beside(server: EmbeddedServer, series: Directory) -> Iterator[Figure]:
    """Run the series under the load of old code, then of old and new, up to the contract, which waits."""
    dsn, url = server.dsn("online"), server.url("online", "psycopg")
    seconds: dict[str, float] = {}
    with running_apps(dsn) as apps, watched_waits(dsn) as worst:
        began = time.monotonic()
        apps.start("old", RATE)
        _timed(seconds, "expand", lambda: run_stage(series, url, "expand", PACE))
        _timed(seconds, "build", lambda: run_stage(series, url, "build"))
        apps.stop("old")
        _both(apps)
        _timed(seconds, "swap", lambda: run_stage(series, url, "swap"))
        time.sleep(BESIDE_S * max(SCALE, 0.2))
        apps.stop("old")
        apps.stop("new")
        running_s = time.monotonic() - began
    for error in apps.errors[:10]:
        print(f"  error: {error}", flush=True)
    rows = sum(data.row_counts(SCALE).values())
    yield shown("online: rows in 13 tables", rows, "")
    yield shown("online: transactions of old and new code", apps.done, "")
    yield shown("online: transactions per second", apps.done / running_s, "")
    yield at_most("online: failed transactions", len(apps.errors), "", 0)
    yield at_most("online: longest wait for a lock on the server", worst[0], "s", 1.0)
    for stage, taken in seconds.items():
        yield shown(f"online: {stage}", taken, "s")
    yield at_most("online: whole run", sum(seconds.values()) / 60, "min", MINUTES_BAR)


def _both(apps: Apps) -> None:
    apps.start("old", RATE / 2)
    apps.start("new", RATE / 2)
    time.sleep(BESIDE_S * max(SCALE, 0.2))


def _timed(seconds: dict[str, float], name: str, work: object) -> None:
    assert callable(work)
    began = time.monotonic()
    work()
    seconds[name] = time.monotonic() - began
    print(f"  {name}: {seconds[name]:.1f} s", flush=True)


def _compared(server: EmbeddedServer, series: Directory, plain: Directory) -> Iterator[Figure]:
    """End the series, and hold it to the plain rewrite of the texts that old and new code left."""
    server.create_database("rewritten", template="online")
    url = server.url("rewritten", "psycopg")
    # The texts as the triggers kept them, on the way back: no uuid that the series wrote goes into them.
    series.downgrade(url, "base")
    with server.admin("rewritten") as connection:
        connection.execute("DROP TABLE alembic_version")
    plain.upgrade(url, "plain")
    run_stage(series, server.url("online", "psycopg"), "contract")
    found = differences(server, "online", "rewritten")
    yield at_most("online: lines of the catalogs and tables that differ from the plain rewrite's", found, "", 0)
    server.drop_database("rewritten")
