"""Whether a backfill is done, for the app's code; and how far all of them are, for whoever watches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, Row, select
from sqlalchemy.orm import Session

from pgwright_runtime._sql import quoted
from pgwright_runtime.backfills.state_table import find_state_table

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

StateWord = Literal["declared", "running", "done"]
_COLUMNS = (
    "name", "state", "table_schema", "table_name", "reads", "walked", "total", "changed", "stepped_over", "rate",
    "declared_at", "started_at", "updated_at", "done_at",
)  # fmt: skip


@dataclass(frozen=True)
class BackfillState:
    """How far a backfill is, as its table says."""

    name: str
    table: str
    """With its schema, quoted."""
    state: StateWord
    """`running` stays where a runner was killed: `updated_at` says when one last did something."""
    reads: str
    """What it makes from what, in words."""
    walked: int
    """Rows that were looked at."""
    total: int | None
    """Rows that there are to look at, estimated."""
    changed: int
    stepped_over: int
    """Rows that could not be done, of the last time that they were looked at."""
    rate: float | None
    """Rows per second, looked at, waits included; of the last run."""
    declared_at: datetime
    started_at: datetime | None
    updated_at: datetime | None
    done_at: datetime | None


def is_backfilled(session: Session | Connection, name: str, *, schema: str | None = None) -> bool:
    """Tell whether a backfill is done; False also where none of that name is declared, for code that is deployed first.

    One short statement by the primary key. Once it is done it stays done, so that an app may remember a True.

    Args:
        schema: where its table is, if not on the search path.
    """
    state = find_state(_connection(session), name, schema)
    return state is not None and state.state == "done"


async def async_is_backfilled(session: AsyncSession | AsyncConnection, name: str, *, schema: str | None = None) -> bool:
    """Tell whether a backfill is done, as `is_backfilled` does."""
    found: bool = await session.run_sync(is_backfilled, name, schema=schema)
    return found


def backfill_states(connection: Connection | Session, *, schema: str | None = None) -> list[BackfillState]:
    """Return how far all backfills are, in the order of their declaration.

    Args:
        schema: where their table is; None: on the search path, or else the one that there is.
    """
    return _read(_connection(connection), schema)


def find_state(connection: Connection, name: str, schema: str | None) -> BackfillState | None:
    """Return how far a backfill is; None: there is none."""
    return next(iter(_read(connection, schema, name)), None)


def _read(connection: Connection, schema: str | None, name: str | None = None) -> list[BackfillState]:
    table = find_state_table(connection, schema)
    if table is None:
        return []
    # Not all of it: its keys of rows are not for everybody.
    query = select(*(table.c[one] for one in _COLUMNS)).order_by(table.c.declared_at, table.c.name)
    rows = connection.execute(query if name is None else query.where(table.c.name == name))
    return [_state(row) for row in rows]


def _connection(session: Session | Connection) -> Connection:
    return session.connection() if isinstance(session, Session) else session


def _state(row: Row[Any]) -> BackfillState:
    return BackfillState(
        row.name,
        quoted(row.table_name, row.table_schema),
        row.state,
        row.reads,
        row.walked,
        row.total,
        row.changed,
        row.stepped_over,
        row.rate,
        row.declared_at,
        row.started_at,
        row.updated_at,
        row.done_at,
    )
