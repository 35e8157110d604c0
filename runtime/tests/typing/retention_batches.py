"""What type checkers know of retention and batches: mypy reads this file, nothing runs it."""

from __future__ import annotations

from datetime import timedelta
from typing import assert_type

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from pgwright_runtime.batches import BatchJob, Pace, run_batches
from pgwright_runtime.batches.run import Ran
from pgwright_runtime.retention import Retention, RetentionPlan, RetentionRun


async def either_kind_of_engine(retention: Retention, engine: Engine, other: AsyncEngine, job: BatchJob) -> None:
    assert_type(retention.plan(engine), RetentionPlan)
    assert_type(await retention.plan(other), RetentionPlan)
    assert_type(retention.run(engine, limit=timedelta(hours=1), pace=Pace(busy=1)), RetentionRun)
    assert_type(await retention.run(other, force=True), RetentionRun)
    assert_type(run_batches(engine, [job], lock="backfill"), Ran)
    assert_type(await run_batches(other, [job], lock="backfill", limit_s=3), Ran)


def mistakes(retention: Retention, engine: Engine) -> None:
    retention.run(engine, limits=3)  # type: ignore[call-overload]
