"""What type checkers make of backfills; mypy reads it, nobody runs it."""

from __future__ import annotations

from typing import assert_type

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from pgwright_runtime.backfills import (
    BackfillRun,
    BackfillState,
    PlannedBackfill,
    async_is_backfilled,
    backfill_states,
    is_backfilled,
    plan_backfills,
    run_backfills,
)
from pgwright_runtime.batches import BatchMetrics, Pace, StopFlag


def sync(engine: Engine, connection: Connection, session: Session) -> None:
    assert_type(run_backfills(engine), tuple[BackfillRun, ...])
    run_backfills(engine, ["x"], pace=Pace(), limit_s=1, stop=StopFlag(), progress=print, metrics=BatchMetrics())
    assert_type(plan_backfills(engine, schema="admin"), tuple[PlannedBackfill, ...])
    assert_type(is_backfilled(session, "x"), bool)
    assert_type(is_backfilled(connection, "x"), bool)
    assert_type(backfill_states(connection), list[BackfillState])


async def asynchronous(engine: AsyncEngine, connection: AsyncConnection, session: AsyncSession) -> None:
    assert_type(await run_backfills(engine, ["x"]), tuple[BackfillRun, ...])
    assert_type(await plan_backfills(engine), tuple[PlannedBackfill, ...])
    assert_type(await async_is_backfilled(session, "x"), bool)
    assert_type(await async_is_backfilled(connection, "x"), bool)
