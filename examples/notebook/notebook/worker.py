"""The worker of one machine: `DATABASE_URL=postgresql://… python -m notebook.worker`, until SIGTERM or Ctrl-C.

It runs the jobs that uploads leave behind, several at a time in one event loop, and what is to be done each night. Over
many machines start it on each.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from notebook.address import to_url
from notebook.after.models import Job
from notebook.nightly import nightly
from pgwright_runtime import create_async_engine
from pgwright_runtime.jobs import Worker
from pgwright_runtime.soft_delete import hide_deleted

AT_A_TIME = 4
# Each worker claims and listens on one, works on another, and now and then says on a third that it is alive.
CONNECTIONS_EACH = 3

Handler = Callable[[AsyncSession, Any], Awaitable[None]]


def step(what: str) -> Handler:
    """Return the handler of one step in the life of a document.

    The example has no model to ask, so a step is its line in the job's log. Line and progress are written in the
    transaction that ends the job: seen together or not at all.
    """

    async def handle(session: AsyncSession, job: Any) -> None:
        job.log = f"{job.log}\n{what}".strip()
        job.progress = 100

    return handle


HANDLERS: Mapping[str, Handler] = {
    "extract": step("text extracted"),
    "chunk": step("cut into chunks"),
    "embed": step("chunks embedded"),
    "quiz": step("quiz written"),
    "study_guide": step("study guide written"),
}


async def work(engine: AsyncEngine, *, at_a_time: int = AT_A_TIME, until_idle: bool = False) -> None:
    """Run the notebook's jobs.

    Args:
        engine: of a database at the head revision; it hides deleted rows, so that their jobs are left alone.
        at_a_time: jobs that run side by side.
        until_idle: end when no job is due, rather than at a signal.
    """
    workers = [Worker(engine=engine, model=Job, handlers=HANDLERS) for _ in range(at_a_time)]
    # The first one takes the signals, and its end is everybody's.
    first, *others = workers
    async with asyncio.TaskGroup() as group:
        for worker in others:
            group.create_task(worker.run(until_idle=until_idle))
        await first.run(until_idle=until_idle, signals=not until_idle)
        if not until_idle:
            for worker in others:
                worker.stop()


async def _main(options: argparse.Namespace) -> int:
    url = to_url(options.database_url, "asyncpg")
    connections = CONNECTIONS_EACH * options.at_a_time
    # Two more for the retention.
    pool = create_async_engine(url, pool_size=connections + 2, max_overflow=0, application_name="notebook-worker")
    engine = hide_deleted(pool)
    scheduler = nightly(engine)
    scheduler.start()
    try:
        await work(engine, at_a_time=options.at_a_time, until_idle=options.until_idle)
    finally:
        scheduler.shutdown(wait=False)
        await engine.dispose()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worker from the command line."""
    parser = argparse.ArgumentParser(prog="python -m notebook.worker", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database-url", default=os.environ.get("DATABASE_URL"), help="default: DATABASE_URL")
    parser.add_argument("--at-a-time", type=int, default=AT_A_TIME, help="jobs side by side; default: %(default)s")
    parser.add_argument("--until-idle", action="store_true", help="end when no job is due")
    options = parser.parse_args(arguments)
    if not options.database_url:
        parser.error("no database was named. Give --database-url, or set DATABASE_URL.")
    if options.at_a_time < 1:
        parser.error(f"--at-a-time {options.at_a_time}: give 1 or more")
    return asyncio.run(_main(options))


if __name__ == "__main__":
    sys.exit(main())
