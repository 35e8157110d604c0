"""Polling for jobs on the notebook's data: as its workers did it, and by `pgwright_runtime.jobs`.

Two databases of the same rows, one after the other, over the same time: the same jobs arrive at the same moments, the
same requests of other users run beside, and as many workers wait for jobs. Before, each asks every second by the app's
own statement, on its schema of then; after, they listen.

Counted is what the role says that the workers connect as, once they are connected: with BEGIN, COMMIT and the ping of
the pool, which are round trips too, and beside it without them. Before, that is the polling alone, for another role
marks the jobs; after, it is all but the UPDATE that ends a job, for a worker claims jobs as it looks for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from uuid import uuid4

from query_bars.figures import Figure, at_least, shown
from query_bars.scale import SCALE, scaled
from sqlalchemy import create_engine, func
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from notebook import replay, schema
from notebook.address import to_url
from notebook.before.repositories import JobRepository
from notebook.data import key, load
from pgwright.embedded import EmbeddedServer, run_server
from pgwright_runtime import create_async_engine
from pgwright_runtime.jobs import JobMixin, JobStates, Worker, enqueue

SECONDS = scaled(180, 60)
WORKERS = 4
# How the workers of before wait, and how often a listening one looks nevertheless: it is a net.
POLL_BEFORE_S, POLL_AFTER_S = 1.0, 60.0
# The notebook's data have a job in each 1,051 seconds of two years: four times as many in working hours, and four times
# those at the busiest.
JOB_EACH_S = 60.0
# Of other users, so that the database is not idle.
REQUEST_EACH_S = 0.25
LEAST_LESS = 95.0
_SETTINGS = {"shared_preload_libraries": "pg_stat_statements", "shared_buffers": "512MB", "jit": "off"}
# Connections are made, and idle workers find their pace: what they say at their start is no part of a day.
_WARM_UP_S = SECONDS / 3
# Of the replay, what the workers and the jobs do here.
_QUIET = ("job_polling", "work_off_job")
_TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK", "BEGIN;", "COMMIT;", "ROLLBACK;")
_WORKERS_ROLE, _APP_ROLE = "workers", "app"
_READ = """
SELECT r.rolname, s.query, s.calls, s.total_exec_time FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid
JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = current_database()
"""
# What JobMixin adds to a table in use.
_COLUMNS = """
ALTER TABLE jobs ADD payload jsonb NOT NULL DEFAULT '{}', ADD run_at timestamptz NOT NULL DEFAULT now(),
    ADD attempts int NOT NULL DEFAULT 0, ADD max_attempts int NOT NULL DEFAULT 5, ADD claimed_by text,
    ADD leased_until timestamptz, ADD last_error text
"""


class _Base(DeclarativeBase):
    pass


class _Job(JobMixin, _Base):
    """The notebook's table of jobs, with the columns of the mixin."""

    __tablename__ = "jobs"
    job_states = JobStates(running="processing", done="completed", dead="failed")

    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: uuid4().hex)
    document_id: Mapped[str]
    progress: Mapped[int] = mapped_column(default=0)
    log: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


@dataclass
class _Side:
    """What one side's run left in pg_stat_statements."""

    statements: int = 0
    of_tables: int = 0
    """Without BEGIN, COMMIT and ROLLBACK."""
    milliseconds: float = 0.0
    all_milliseconds: float = 0.0
    done: int = 0

    @property
    def share(self) -> float:
        return 100 * self.milliseconds / max(self.all_milliseconds, 1e-9)


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    with run_server(settings=_SETTINGS) as server:
        _prepare(server, "before")
        server.create_database("after", template="before")
        before = asyncio.run(_observe(server, "before", _poll, _add))
        _add_columns(server, "after")
        after = asyncio.run(_observe(server, "after", _listen, _enqueue))
    yield shown("workers", WORKERS, "")
    yield shown("observed", SECONDS, "s")
    for name, side in (("before", before), ("after", after)):
        yield shown(f"jobs done, {name}", side.done, "")
        yield shown(f"statements of job polling, {name}", side.statements, "")
        yield shown(f"server's time of job polling, {name}", side.milliseconds, "ms")
        yield shown(f"its share of the workload's time, {name}", side.share, "%")
    fewer = _less(before.of_tables, after.of_tables)
    yield shown("fewer statements without BEGIN, COMMIT, ROLLBACK", fewer, "%")
    yield at_least("fewer statements of job polling", _less(before.statements, after.statements), "%", LEAST_LESS)
    yield at_least("less time of job polling", _less(before.milliseconds, after.milliseconds), "%", LEAST_LESS)


def _less(before: float, after: float) -> float:
    return 100 * (1 - after / before) if before else 0.0


def _prepare(server: EmbeddedServer, name: str) -> None:
    """Load the notebook as it was, its queue empty, as workers that run leave it."""
    server.create_database(name)
    with server.admin(name) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        for role in (_WORKERS_ROLE, _APP_ROLE):
            connection.execute(f"CREATE ROLE {role} LOGIN IN ROLE pg_read_all_data, pg_write_all_data".encode())
    schema.upgrade(server.dsn(name), "0001")
    load(server.dsn(name), SCALE)
    with server.admin(name) as connection:
        connection.execute("UPDATE jobs SET status = 'completed', finished_at = now() WHERE status = 'pending'")
        connection.execute("VACUUM ANALYZE jobs")


def _add_columns(server: EmbeddedServer, name: str) -> None:
    with server.admin(name) as connection:
        connection.execute(_COLUMNS.encode())
    engine = create_engine(to_url(server.dsn(name)))
    for index in _Job.metadata.tables["jobs"].indexes:
        index.create(engine)
    engine.dispose()


Working = Callable[[AsyncEngine, AsyncEngine, list[str]], Coroutine[Any, Any, None]]
Arriving = Callable[[AsyncSession], Awaitable[None]]


async def _observe(server: EmbeddedServer, name: str, work: Working, arrive: Arriving) -> _Side:
    done: list[str] = []
    async with _engine(server, name, _WORKERS_ROLE) as workers, _engine(server, name, _APP_ROLE) as app:
        running = [asyncio.create_task(work(workers, app, done)) for _ in range(WORKERS)]
        await asyncio.sleep(_WARM_UP_S)
        with server.admin(name) as connection:
            connection.execute("SELECT pg_stat_statements_reset()")
        beside = [asyncio.create_task(one) for one in (_arrivals(app, arrive), _requests(app))]
        await _run_for(SECONDS, *running, *beside)
        with server.admin(name) as connection:
            rows = connection.execute(_READ).fetchall()
        await _end(*running, *beside)
    side = _Side(done=len(done), all_milliseconds=sum(ms for *_, ms in rows))
    for role, query, calls, ms in rows:
        if role == _WORKERS_ROLE and not _ends_a_job(query):
            side.statements += calls
            side.of_tables += 0 if query in _TRANSACTION else calls
            side.milliseconds += ms
    return side


def _ends_a_job(query: str) -> bool:
    return query.startswith("UPDATE") and "finished_at" in query.split("WHERE")[0]


@asynccontextmanager
async def _engine(server: EmbeddedServer, name: str, role: str) -> AsyncIterator[AsyncEngine]:
    url = to_url(server.dsn(name), "asyncpg").set(username=role)
    engine = create_async_engine(url.render_as_string(hide_password=False), pool_size=5 * WORKERS)
    try:
        yield engine
    finally:
        await engine.dispose()


async def _run_for(seconds: float, *tasks: asyncio.Task[None]) -> None:
    """Let tasks run for so long; one that fails fails the measurement."""
    ended, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        task.result()
        raise RuntimeError("the workers, or the requests beside them, ended before the time")


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _poll(workers: AsyncEngine, app: AsyncEngine, done: list[str]) -> None:
    """Work as before: ask each second. Two workers never take the same job here, though nothing kept them from it."""
    while True:
        async with AsyncSession(workers) as session:
            pending = await JobRepository(session).pending()
        for job_id in (one.id.hex for one in pending):
            if job_id not in done:
                done.append(job_id)
                await _mark(app, job_id, "processing", 0)
                await _mark(app, job_id, "completed", 100)
        await asyncio.sleep(POLL_BEFORE_S)


async def _mark(app: AsyncEngine, job_id: str, status: str, progress: int) -> None:
    async with AsyncSession(app) as session:
        await JobRepository(session).update(job_id, status, progress)
        await session.commit()


async def _listen(workers: AsyncEngine, _: AsyncEngine, done: list[str]) -> None:
    async def embed(session: AsyncSession, job: _Job) -> None:
        done.append(job.id)

    worker = Worker(engine=workers, model=_Job, handlers={"embed": embed}, poll_s=POLL_AFTER_S)
    await worker.run()


async def _add(session: AsyncSession) -> None:
    await JobRepository(session).add(str(key("documents", 0)), "embed")


async def _enqueue(session: AsyncSession) -> None:
    await enqueue(session, _Job(document_id=str(key("documents", 0)), kind="embed"))


async def _arrivals(app: AsyncEngine, arrive: Arriving) -> None:
    """Let jobs arrive at random moments, the same ones on both sides."""
    random = Random(13)
    while True:
        await asyncio.sleep(random.expovariate(1 / JOB_EACH_S))
        async with AsyncSession(app) as session:
            await arrive(session)
            await session.commit()


async def _requests(app: AsyncEngine) -> None:
    """Send what other users ask for, in the mix of the notebook's replay."""
    visitor = replay.Visitor(SCALE)
    names = [name for name, (weight, _) in replay.MIX.items() if name not in _QUIET for _ in range(weight)]
    while True:
        async with AsyncSession(app) as session:
            await replay.MIX[visitor.random.choice(names)][1](session, visitor)
        await asyncio.sleep(REQUEST_EACH_S)
