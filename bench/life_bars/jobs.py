"""Jobs per second, the cost of a long past, what waiting costs, how soon a job is picked up, and a thousand kills.

On a server that writes as production's does: fsync, synchronous_commit and full_page_writes on. `--scale 0.02` runs it
on a fiftieth of the rows, jobs and kills.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from query_bars.figures import Figure, at_least, at_most, shown
from query_bars.scale import SCALE, scaled
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from life_bars.jobs_beside import measure_beside
from life_bars.jobs_kills import measure_kills
from life_bars.jobs_waiting import measure_waiting
from pgwright.embedded import EmbeddedServer, run_server
from pgwright_runtime import create_engine
from pgwright_runtime.jobs import Worker, queue_of
from runtime.tests.support.jobs_queue import Base, Job, add_effect

PROCESSES = 8
FINISHED = scaled(1_000_000)
LONG_PAST = 10 * FINISHED
JOBS = scaled(40_000)
CLAIMS = scaled(400, 40)
BATCH = 20
SYNCS = 300
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "shared_buffers": "512MB",
    "shared_preload_libraries": "pg_stat_statements",
    "max_connections": "100",
}
FILL = """
INSERT INTO jobs (id, kind, status, run_at, attempts, finished_at)
SELECT gen_random_uuid(), 'effect', 'done', now() - interval '1 day', 1, now() FROM generate_series(1, :rows)
"""
ENQUEUE = (
    "INSERT INTO jobs (id, kind, status) SELECT gen_random_uuid(), :kind, 'pending' FROM generate_series(1, :rows)"
)


def measure() -> Iterator[Figure]:
    """Yield the figures, on a server of its own."""
    with run_server(settings=SETTINGS) as server:
        yield shown("one fdatasync of the disk, median", _fdatasync_ms(server), "ms")
        with _filled(server, "short_past", FINISHED) as url:
            yield from _throughput(url)
            with _filled(server, "long_past", LONG_PAST) as other:
                yield from _long_past(url, other)
            yield from measure_waiting(url, PROCESSES, SCALE)
        yield from measure_beside(server, PROCESSES, max(400, JOBS // 4))
        yield from measure_kills(server, scaled(1_000, 20))


def _fdatasync_ms(server: EmbeddedServer) -> float:
    """Write a page of WAL's size to the server's disk, and wait until it is there."""
    path = server.directory / "fdatasync"
    taken = []
    with path.open("wb") as file:
        for _ in range(SYNCS):
            file.write(os.urandom(8_192))
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - started)
    path.unlink()
    return statistics.median(taken) * 1_000


@contextmanager
def _filled(server: EmbeddedServer, name: str, rows: int) -> Iterator[str]:
    """Make a database whose table of jobs has so many finished ones."""
    server.create_database(name)
    url = server.url(name, "psycopg")
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    print(f"    filling {name}: {rows:,} finished jobs", flush=True)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("CREATE EXTENSION pg_stat_statements"))
        # The key's index is built after the rows: in their random order it would take much longer.
        connection.execute(text("ALTER TABLE jobs DROP CONSTRAINT jobs_pkey"))
        connection.execute(text(FILL), {"rows": rows})
        connection.execute(text("ALTER TABLE jobs ADD CONSTRAINT jobs_pkey PRIMARY KEY (id)"))
    engine.dispose()
    with server.admin(name) as connection:
        connection.execute("VACUUM (ANALYZE) jobs")
    try:
        yield url
    finally:
        server.drop_database(name)


def nothing(session: Session, job: Job) -> None:
    """What a handler without effect does: the bars are about claiming and finishing."""


@dataclass(frozen=True)
class Run:
    """What one process does, at the same time as the others."""

    url: str
    batch: int

    def __call__(self, started_at: float) -> float:
        """Return the seconds of processor time that the process took."""
        engine = create_engine(self.url, pool_size=3)
        handlers = {"nothing": nothing, "effect": add_effect}
        worker = Worker(engine=engine, model=Job, handlers=handlers, batch=self.batch)
        time.sleep(max(0.0, started_at - time.time()))
        before = time.process_time()
        worker.run(until_idle=True)
        taken = time.process_time() - before
        engine.dispose()
        return taken


def _throughput(url: str) -> Iterator[Figure]:
    over = f"over {FINISHED:,} finished jobs, {PROCESSES} processes"
    for batch, bar in ((BATCH, 2_000), (1, 800)):
        way = f"claimed and finished by {batch}" if batch > 1 else "claimed and finished one by one"
        rate, client_us = _run_jobs(url, "nothing", batch)
        yield at_least(f"jobs {way}, {over}", rate, "/s", bar)
        yield shown(f"processor time of the workers for a job {way}", client_us, "µs")
        yield shown(f"jobs {way}, a row each", _run_jobs(url, "effect", batch)[0], "/s")


def _run_jobs(url: str, kind: str, batch: int) -> tuple[float, float]:
    """Return jobs per second, and the workers' processor time for each, microseconds."""
    jobs = JOBS if batch > 1 else JOBS // 2
    _execute(url, ENQUEUE, kind=kind, rows=jobs)
    # Room for the processes to start and to connect.
    started_at = time.time() + 3
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("fork")) as pool:
        taken = list(pool.map(Run(url, batch), [started_at] * PROCESSES))
    seconds = time.time() - started_at
    (left,) = _execute(url, "SELECT count(*) FROM jobs WHERE status <> 'done'")
    assert left == 0, f"{left} jobs were not finished"
    return jobs / seconds, sum(taken) / jobs * 1e6


def _long_past(short: str, long: str) -> Iterator[Figure]:
    """Claim from both tables in turn, so that other work on the machine disturbs both alike."""
    engines = [create_engine(url) for url in (short, long)]
    taken: list[list[float]] = [[], []]
    for engine in engines:
        _claim(engine, CLAIMS + 5)
    for url in (short, long):
        _execute(url, ENQUEUE, kind="effect", rows=(CLAIMS + 5) * BATCH)
    for _ in range(CLAIMS):
        for engine, seconds in zip(engines, taken, strict=True):
            seconds.append(_claim(engine, 1))
    short_ms, long_ms = (statistics.median(seconds) * 1_000 for seconds in taken)
    for engine in engines:
        engine.dispose()
    yield shown(f"a claim of {BATCH} at {FINISHED:,} finished jobs, median", short_ms, "ms")
    yield shown(f"a claim of {BATCH} at {LONG_PAST:,} finished jobs, median", long_ms, "ms")
    yield at_most("ratio of the two", long_ms / short_ms, "", 1.3)
    _execute(short, "UPDATE jobs SET status = 'done' WHERE status <> 'done'")


def _claim(engine: Engine, times: int) -> float:
    """Claim some batches; return the seconds that the last one took."""
    with Session(engine) as session:
        for number in range(times):
            started = time.perf_counter()
            queue_of(Job).claim(session, ["effect"], f"bench/{number}", batch=BATCH, lease_s=3_600)
            session.commit()
            session.expunge_all()
    return time.perf_counter() - started


def _execute(url: str, statement: str, **values: Any) -> Any:
    engine = create_engine(url)
    with engine.begin() as connection:
        result = connection.execute(text(statement), values)
        row = result.one() if result.returns_rows else ()
    engine.dispose()
    return row
