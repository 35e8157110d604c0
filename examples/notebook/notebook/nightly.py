"""What happens at 02:00 each night, in the process of the worker; on several machines one of them does it."""

from __future__ import annotations

import logging
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy.ext.asyncio import AsyncEngine

from notebook.retention import RETENTION
from pgwright_runtime.batches import LockHeld

log = logging.getLogger("notebook.nightly")
LIMIT = timedelta(hours=2)


async def retain(engine: AsyncEngine) -> None:
    """Delete what is due; what is left after two hours goes the next night."""
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
