"""What is kept of a backfill while it runs: by statements in the transactions of its batches."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, TableClause, func, select, update

from pgwright_runtime.backfills.declaration import Backfill
from pgwright_runtime.backfills.errors import BackfillGone
from pgwright_runtime.backfills.filling import BackfillAct
from pgwright_runtime.batches import BatchStep
from pgwright_runtime.batches.rows import Position

_COLUMNS = (
    "name", "state", "table_schema", "table_name", "sets", "condition", "key", "reads", "search_path", "position",
)  # fmt: skip


@dataclass(frozen=True)
class StoredBackfill:
    """A declaration as its table has it."""

    backfill: Backfill
    is_done: bool
    position: Position | None
    search_path: str
    """As it was where it was declared."""


def read_stored(connection: Connection, table: TableClause, names: tuple[str, ...] | None) -> list[StoredBackfill]:
    """Return the declarations of some names, or all that are not done, in the order of their declaration."""
    query = select(*(table.c[one] for one in _COLUMNS)).order_by(table.c.declared_at, table.c.name)
    query = query.where(table.c.state != "done" if names is None else table.c.name.in_(names))
    return [_stored(row) for row in connection.execute(query)]


def _stored(row: Row[Any]) -> StoredBackfill:
    return StoredBackfill(
        Backfill(
            row.name, row.table_name, dict(row.sets), row.condition, row.table_schema, tuple(row.key), row.reads
        ),
        row.state == "done",
        None if row.position is None else tuple(row.position),
        row.search_path,
    )  # fmt: skip


@dataclass
class Journal:
    """Keeps how far one backfill is."""

    table: TableClause
    name: str
    filling: BackfillAct
    began: float = field(default_factory=time.monotonic)
    walked: int = 0
    stepped_over: int = 0

    def begin(self, connection: Connection, position: Position | None, total: int) -> None:
        """Note that it runs, from some position on."""
        again = {"walked": 0, "stepped_over": 0, "failed": None} if position is None else {}
        self._set(
            connection,
            state="running",
            total=total,
            started_at=func.coalesce(self.table.c.started_at, func.clock_timestamp()),
            position=None if position is None else list(position),
            **again,
        )

    def keep(self, connection: Connection, step: BatchStep) -> None:
        """Note what a batch comes to. Raises: BackfillGone."""
        passed = time.monotonic() - self.began
        # A batch that is done again is noted again; the rate is for people.
        self.walked += step.walked
        columns = self.table.c
        self._set(
            connection,
            position=None if step.position is None else list(step.position),
            walked=columns.walked + step.walked,
            changed=columns.changed + step.acted.rows,
            stepped_over=columns.stepped_over + sum(step.acted.left_out.values()),
            rate=self.walked / passed if passed > 0 else None,
            failed=[[list(one.key), one.reason] for one in self.filling.failed_rows()] or None,
        )

    def end(self, connection: Connection) -> None:
        """Note that no row is left to do."""
        self._set(connection, state="done", done_at=func.clock_timestamp(), position=None, failed=None, stepped_over=0)

    def _set(self, connection: Connection, **values: Any) -> None:
        change = update(self.table).where(self.table.c.name == self.name)
        if connection.execute(change.values(**values, updated_at=func.clock_timestamp())).rowcount == 0:
            raise BackfillGone(self.name)
