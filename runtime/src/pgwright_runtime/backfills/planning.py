"""What a run of backfills would do, without doing it."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from sqlalchemy import Connection, Engine, func, literal_column, select, text
from sqlalchemy.exc import DBAPIError

from pgwright_runtime._running import Sleep, run_on
from pgwright_runtime.backfills.declaration import Backfill
from pgwright_runtime.backfills.errors import BackfillRefused, UnknownBackfill
from pgwright_runtime.backfills.journal import StoredBackfill, read_stored
from pgwright_runtime.backfills.state_table import find_state_table, require_trust
from pgwright_runtime.backfills.target import Target, find_target

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_COUNT_S = 10
_LIMITS = text(f"SELECT set_config('statement_timeout', '{_COUNT_S}s', true), set_config('lock_timeout', '2s', true)")
_PATH = text("SELECT set_config('search_path', :path, true)")


@dataclass(frozen=True)
class PlannedBackfill:
    """What a backfill would do."""

    backfill: Backfill
    is_done: bool
    rows: int
    """Rows of the table, estimated: all are looked at."""
    left: int | None
    """Rows that are to do, counted; None: that would take longer than 10 s."""
    walk: str
    """How the rows are found."""
    triggers: tuple[str, ...]
    """Triggers of the table that fire for each row."""
    refusals: tuple[str, ...]


@overload
def plan_backfills(
    engine: Engine, names: Sequence[str] | None = None, *, schema: str | None = None
) -> tuple[PlannedBackfill, ...]: ...
@overload
def plan_backfills(
    engine: AsyncEngine, names: Sequence[str] | None = None, *, schema: str | None = None
) -> Coroutine[None, None, tuple[PlannedBackfill, ...]]: ...
def plan_backfills(
    engine: Engine | AsyncEngine, names: Sequence[str] | None = None, *, schema: str | None = None
) -> tuple[PlannedBackfill, ...] | Coroutine[None, None, tuple[PlannedBackfill, ...]]:
    """Return what `run_backfills` would do; with an async engine, await it. Nothing is written.

    Raises: UnknownBackfill; UntrustedBackfills.
    """

    def job(target: Engine, sleep: Sleep) -> tuple[PlannedBackfill, ...]:
        with target.connect() as connection:
            connection.execute(_LIMITS)
            table = find_state_table(connection, schema)
            if table is None:
                stored = []
            else:
                require_trust(connection, table)
                stored = read_stored(connection, table, None if names is None else tuple(names))
            missing = set(names or ()) - {one.backfill.name for one in stored}
            if missing:
                raise UnknownBackfill(sorted(missing))
            return tuple(_planned(connection, one) for one in stored)

    return run_on(engine, job)


def _planned(connection: Connection, stored: StoredBackfill) -> PlannedBackfill:
    backfill = stored.backfill
    try:
        target = find_target(connection, backfill)
    except BackfillRefused as error:
        return PlannedBackfill(backfill, stored.is_done, 0, None, "not at all", (), error.reasons)
    left = 0 if stored.is_done else _left(connection, stored, target)
    walk = f"along {', '.join(target.key)}" if target.key else "along its blocks"
    return PlannedBackfill(backfill, stored.is_done, target.row_estimate, left, walk, target.triggers, ())


def _left(connection: Connection, stored: StoredBackfill, target: Target) -> int | None:
    """Count the rows that are to do; an expression of theirs that cannot be evaluated is told by the run."""
    with connection.begin_nested() as savepoint:
        connection.execute(_PATH, {"path": stored.search_path})
        query = select(func.count()).select_from(target.source).where(literal_column(stored.backfill.condition))
        try:
            return int(connection.execute(query).scalar_one())
        except DBAPIError:
            return None
        finally:
            savepoint.rollback()
