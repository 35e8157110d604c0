"""What type checkers make of materialized views; mypy reads it, nobody runs it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_type

from sqlalchemy import Column, Date, Engine, MetaData, Table, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from pgwright_runtime.materialized import (
    Freshness,
    MaterializedView,
    RefreshMetrics,
    RefreshResult,
    RefreshTimeouts,
    freshness,
    raise_failures,
    refresh_due,
    refresh_now,
    require_fresh,
)

DAYS = MaterializedView(
    "days",
    "SELECT current_date AS day",
    columns=[Column("day", Date)],
    metadata=MetaData(),
    unique=["day"],
    every=timedelta(minutes=5),
    max_age=timedelta(minutes=15),
)
assert_type(DAYS.table, Table)


def refused() -> None:
    """Not called: numbers are no durations."""
    MaterializedView("d", select(DAYS.c.day), metadata=MetaData(), unique=["day"], every=5, max_age=9)  # type: ignore[arg-type]


def sync(engine: Engine, session: Session, metadata: MetaData) -> None:
    results = refresh_due(engine, metadata, timeouts=RefreshTimeouts(lock_ms=0), metrics=RefreshMetrics())
    assert_type(results, list[RefreshResult])
    raise_failures(refresh_now(engine, [DAYS]))
    found = freshness(session, DAYS)
    assert_type(found, Freshness)
    assert_type(found.data_at, datetime | None)
    assert_type(found.is_stale, bool)
    assert_type(found.headers(), dict[str, str])
    assert_type(require_fresh(session, DAYS, timedelta(seconds=9)), Freshness)


async def asynchronous(engine: AsyncEngine, session: AsyncSession) -> None:
    assert_type(await refresh_due(engine, [DAYS]), list[RefreshResult])
    assert_type(await refresh_now(engine, [DAYS]), list[RefreshResult])
    assert_type(await freshness(session, DAYS), Freshness)
    assert_type(await require_fresh(session, DAYS), Freshness)
