"""What happens at 02:00 each night: `DATABASE_URL=postgresql://… python -m chat.nightly`, until SIGTERM or Ctrl-C.

On several machines one of them does it. `--now` does it at once, and ends.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.ext.asyncio import AsyncEngine

from chat.address import to_url
from chat.retention import RETENTION
from pgwright_runtime import create_async_engine
from pgwright_runtime.batches import LockHeld

log = logging.getLogger("chat.nightly")
LIMIT = timedelta(hours=2)


async def retain(engine: AsyncEngine) -> None:
    """Delete what is due, in batches; what is left after two hours goes the next night."""
    try:
        done = await RETENTION.run(engine, limit=LIMIT)
    except LockHeld:
        log.info("retention runs elsewhere")
    else:
        log.info("retention: %d rows went, %s", done.rows, done.ended)


def nightly(engine: AsyncEngine) -> AsyncIOScheduler:
    """Return the schedule, to be started inside the event loop."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    at_two = CronTrigger(hour=2, timezone="UTC")
    scheduler.add_job(retain, at_two, args=[engine], id="retention", coalesce=True, misfire_grace_time=3600)
    return scheduler


async def _main(options: argparse.Namespace) -> int:
    url = to_url(options.database_url, "asyncpg")
    engine = create_async_engine(url, pool_size=2, max_overflow=0, application_name="chat-nightly")
    try:
        if options.now:
            await retain(engine)
            return 0
        ended = asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, ended.set)
        scheduler = nightly(engine)
        scheduler.start()
        await ended.wait()
        scheduler.shutdown(wait=False)
    finally:
        await engine.dispose()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(prog="python -m chat.nightly", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database-url", default=os.environ.get("DATABASE_URL"), help="default: DATABASE_URL")
    parser.add_argument("--now", action="store_true", help="delete what is due at once, and end")
    options = parser.parse_args(arguments)
    if not options.database_url:
        parser.error("no database was named. Give --database-url, or set DATABASE_URL.")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return asyncio.run(_main(options))


if __name__ == "__main__":
    sys.exit(main())
