"""A backfill beside an application's load, quiet and loaded in turn; and kills at any moment."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence

from life_bars.killing import number
from life_bars.retention_load import Load, quantile
from life_bars.retention_schema import SCHEMA
from prometheus_client import CollectorRegistry
from query_bars.figures import Figure, at_least, at_most, shown
from query_bars.scale import scaled

from migration_bars.backfill_kills import kill_at_any_moment
from migration_bars.backfill_schema import NAME, declare
from pgwright.embedded import EmbeddedServer, run_server
from pgwright_runtime import create_engine
from pgwright_runtime.backfills import BackfillRun, run_backfills
from pgwright_runtime.batches import BatchMetrics

ROWS, KILLS = scaled(5_000_000), scaled(100, 10)
QUIET_S, BUSY_S = 8.0, 30.0
OF_BATCHES = 50
RAMP = 20
"""The first batches are small, since nothing is known yet; they say nothing about those that follow."""
# As a server is run, but for its size: the machine is small.
SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "autovacuum_naptime": "15s",
}


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    with run_server(settings=SETTINGS) as server:
        server.create_database("life")
        with server.admin("life") as connection:
            for statement in SCHEMA.split(";"):
                connection.execute(statement.replace("$rows", str(ROWS)).encode())
            connection.execute("CHECKPOINT")
        yield from _beside_a_load(server)
    with run_server(settings=SETTINGS) as server:
        yield from kill_at_any_moment(server, KILLS)


class _Batches(BatchMetrics):
    """Notes what each batch took."""

    def __init__(self) -> None:
        super().__init__(CollectorRegistry())
        self.took: list[tuple[int, float]] = []

    def did(self, job: str, rows: int, seconds: float) -> None:
        if job == NAME and rows:
            self.took.append((rows, seconds))


def _beside_a_load(server: EmbeddedServer) -> Iterator[Figure]:
    declare(server, "life")
    engine, batches = create_engine(server.url("life"), pool_size=3), _Batches()
    quiet, busy = [], []
    runs: list[BackfillRun] = []
    with Load.running(server.dsn("life"), ROWS) as load:
        while not (runs and runs[-1].is_done):
            quiet.append(load.window(QUIET_S))
            with load.noting() as window:
                (run,) = run_backfills(engine, [NAME], limit_s=BUSY_S, metrics=batches)
            busy.append(window)
            runs.append(run)
            _print(runs)
        latencies = load.stop()
    engine.dispose()
    calm, loaded = ([took for at, took in latencies if _is_in(at, windows)] for windows in (quiet, busy))
    changed, seconds = sum(one.changed for one in runs), sum(one.seconds for one in runs)
    left = number(server, "life", "SELECT count(*) FROM event WHERE kind_key IS DISTINCT FROM upper(kind)")
    yield at_most("backfill: rows that are not as a plain UPDATE would have left them", left, "rows", 0)
    yield at_least(f"backfill: {ROWS:,} rows beside a load, waits included", changed / seconds, "rows/s", 5_000)
    yield shown("backfill: of its time, waiting", sum(one.waited_s for one in runs), "s")
    yield shown("backfill: longest batch", max(one.longest_s for one in runs) * 1000, "ms")
    yield shown("backfill: load, requests per second", len(calm) / sum(end - start for start, end in quiet), "/s")
    yield shown("backfill: p99 of the load, quiet", quantile(calm, 0.99) * 1000, "ms")
    yield shown("backfill: p99 of the load, meanwhile", quantile(loaded, 0.99) * 1000, "ms")
    yield at_most("backfill: p99 of the load, to its quiet value", quantile(loaded, 0.99) / quantile(calm, 0.99), "", 2)
    yield from _steadiness(batches.took)


def _steadiness(took: Sequence[tuple[int, float]]) -> Iterator[Figure]:
    """Yield whether the last batches are slower than the first: each, and for its rows."""
    first, last = took[RAMP : RAMP + OF_BATCHES], took[-OF_BATCHES - 1 : -1]
    early, late = (statistics.median(seconds for _, seconds in part) for part in (first, last))
    yield at_most(f"backfill: seconds of a batch, medians of {OF_BATCHES}, last / first", late / early, "", 1.3)
    # The rows of a batch follow from its time: so this says what the bar cannot, whether they became fewer.
    early, late = (statistics.median(seconds / rows for rows, seconds in part) for part in (first, last))
    yield shown(f"backfill: seconds of a row, medians of {OF_BATCHES} batches, last / first", late / early, "")


def _print(runs: Sequence[BackfillRun]) -> None:
    changed, seconds = sum(one.changed for one in runs), sum(one.seconds for one in runs)
    rate = f"{changed:,} of {ROWS:,} rows in {seconds:.0f} s, {changed / seconds:,.0f}/s"
    print(f"    {rate}", runs[-1].ended, *runs[-1].notes, sep="; ", file=sys.stderr, flush=True)


def _is_in(at: float, windows: Sequence[tuple[float, float]]) -> bool:
    return any(start <= at < end for start, end in windows)
