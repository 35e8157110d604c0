"""Run the backfills that revisions declared, or say what they would do or have done: one of the verbs that write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Engine, text

from pgwright.errors import BackfillFailed
from pgwright.model.backfilled import Backfilled, BackfilledTable, Mode, UnfilledRow
from pgwright.pipeline.batch_engine import batch_engine, place
from pgwright_runtime.backfills import (
    BackfillRun,
    BackfillState,
    PlannedBackfill,
    UnknownBackfill,
    backfill_states,
    plan_backfills,
    run_backfills,
)
from pgwright_runtime.batches import BatchMetrics, BatchProgress, StopFlag

_APPLICATION_NAME = "pgwright-backfill"


def plan(names: Sequence[str], dsn: str | None) -> Backfilled:
    """Return what a run would do; nothing is written. Raises: BackfillFailed, ConnectionFailed."""
    with _connected(dsn) as engine:
        found = tuple(map(_planned, plan_backfills(engine, names or None)))
        return _result(engine, dsn, "dry run", found, all(not one.refusals for one in found))


def status(names: Sequence[str], dsn: str | None) -> Backfilled:
    """Return how far backfills are, all of them unless some are named. Raises: BackfillFailed, ConnectionFailed."""
    with _connected(dsn) as engine:
        with engine.connect() as connection:
            states = [one for one in backfill_states(connection) if not names or one.name in names]
        missing = set(names) - {one.name for one in states}
        if missing:
            raise UnknownBackfill(sorted(missing))
        found = tuple(map(_state, states))
        return _result(engine, dsn, "status", found, all(one.is_done for one in found))


def run(
    names: Sequence[str],
    dsn: str | None,
    *,
    limit_s: float | None,
    stop: StopFlag,
    progress: Callable[[BatchProgress], None],
    metrics: BatchMetrics | None = None,
) -> Backfilled:
    """Run backfills, all that are not done unless some are named. Raises: BackfillFailed, ConnectionFailed."""
    with _connected(dsn) as engine:
        runs = run_backfills(
            engine, names or None, limit_s=limit_s, stop=stop, progress=progress, metrics=metrics
        )  # fmt: skip
        found = tuple(map(_ran, runs))
        return _result(engine, dsn, "run", found, all(one.is_done for one in found))


def _connected(dsn: str | None) -> AbstractContextManager[Engine]:
    done = "What is done by then stays done, and the next run goes on."
    return batch_engine(dsn, _APPLICATION_NAME, BackfillFailed, done)


def _result(
    engine: Engine, dsn: str | None, mode: Mode, found: tuple[BackfilledTable, ...], is_done: bool
) -> Backfilled:
    with engine.connect() as connection:
        database = connection.execute(text("SELECT current_database()")).scalar_one()
    return Backfilled(database, place(dsn), mode, found, is_done)


def _planned(one: PlannedBackfill) -> BackfilledTable:
    return BackfilledTable(
        name=one.backfill.name,
        table=one.backfill.relation,
        is_done=one.is_done,
        says=one.walk,
        reads=one.backfill.reads,
        sets=dict(one.backfill.sets),
        where=one.backfill.where,
        rows=one.rows,
        left=one.left,
        triggers=one.triggers,
        refusals=one.refusals,
    )


def _state(one: BackfillState) -> BackfilledTable:
    last = one.done_at or one.updated_at
    return BackfilledTable(
        name=one.name,
        table=one.table,
        is_done=one.state == "done",
        says=one.state,
        reads=one.reads,
        rows=one.total,
        walked=one.walked,
        left=0 if one.state == "done" else None,
        changed=one.changed,
        rate=one.rate,
        left_out={"could not be done when they were last looked at": one.stepped_over} if one.stepped_over else {},
        notes=(f"last heard of at {last:%Y-%m-%d %H:%M:%S %Z}",) if last else (),
    )


def _ran(one: BackfillRun) -> BackfilledTable:
    return BackfilledTable(
        name=one.name,
        table=one.table,
        is_done=one.is_done,
        says=one.ended,
        left=one.left,
        changed=one.changed,
        rate=one.rate if one.changed else None,
        left_out=dict(one.left_out),
        failed=tuple(UnfilledRow(row.key, row.reason) for row in one.failed),
        refusals=one.refusals,
        batches=one.batches,
        seconds=one.seconds,
        waited_seconds=one.waited_s,
        longest_ms=one.longest_s * 1000,
        notes=one.notes,
    )
