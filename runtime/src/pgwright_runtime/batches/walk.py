"""The rows of a table in an order that has no end twice: from where the last batch ended to where the next one ends.

A walk has one of two forms. By order: rows for which a condition holds, along an index that serves it. By windows: so
many rows of the key are looked at in each step, whatever the condition; so a step is short where no index serves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    desc,
    select,
    true,
    tuple_,
)

from pgwright_runtime.batches.rows import FoundRow, Position, RowAddress, as_text, as_tid, from_text, oid_of, tid_of

# A window of a table without key is a number of blocks: so many rows of usual width fit in one.
_ROWS_PER_BLOCK = 50

RowLock = Literal["update", "no key update", "none"]


@dataclass(frozen=True)
class KeyWalk:
    """How the rows of a table are walked."""

    table: FromClause
    where: ColumnElement[bool] | None = None
    """Which rows are meant; None: all."""
    order: tuple[ColumnElement[Any], ...] = ()
    """Columns before the key; none of the rows that are meant may be NULL in one."""
    key: tuple[ColumnElement[Any], ...] = ()
    """Columns that tell rows apart; none: the row's place."""
    by_windows: bool = False
    blocks: int = 0
    """Of a table without key that is walked by windows: its size."""
    key_types: tuple[str, ...] = ()
    """Types of the key's columns, as SQL has them: then positions are texts, which can be kept, whatever the types."""
    lock: RowLock = "update"
    """How found rows are locked; `no key update` lets rows of other tables go on to refer to them."""

    @property
    def _columns(self) -> tuple[ColumnElement[Any], ...]:
        return self.order + (self.key or (tid_of(self.table),))

    @property
    def _condition(self) -> ColumnElement[bool]:
        return true() if self.where is None else self.where

    def find(self, connection: Connection, after: Position | None, rows: int, *, locks: bool = True) -> FoundRows:
        """Find the next rows, and lock them; those that somebody else holds are left out.

        The server asks the condition again of a row that changed since the statement began.
        """
        if not self.by_windows:
            found = self._found(connection, self._rows(self._after(after)).limit(rows), locks)
            return FoundRows(found, found[-1].position if found else after, is_last=len(found) < rows)
        end = self._window_end(connection, after, rows)
        if end is None:
            return FoundRows([], after, is_last=True)
        window = self._rows(and_(self._after(after), self._until(end)))
        return FoundRows(self._found(connection, window, locks), end, is_last=False)

    def _found(self, connection: Connection, statement: Select[Any], locks: bool) -> list[FoundRow]:
        if locks and self.lock != "none":
            is_weak = self.lock == "no key update"
            statement = statement.with_for_update(skip_locked=True, key_share=is_weak, of=self.table)
        return [FoundRow(RowAddress(row[0], row[1]), tuple(row[2:])) for row in connection.execute(statement)]

    def _rows(self, part: ColumnElement[bool]) -> Select[Any]:
        columns = self._told(self._columns[len(self.order) :])
        address = (oid_of(self.table), cast(tid_of(self.table), Text))
        statement = select(*address, *self.order, *columns).select_from(self.table)
        return statement.where(self._condition, part).order_by(*self._columns)

    def _window_end(self, connection: Connection, after: Position | None, rows: int) -> Position | None:
        if not self.key:
            block = int(after[0][1:].partition(",")[0]) if after else 0
            blocks = max(1, rows // _ROWS_PER_BLOCK)
            return (f"({block + blocks},0)",) if block < self.blocks else None
        window = select(*self.key).where(self._after(after)).order_by(*self.key).limit(rows).subquery()
        last = select(*self._told(window.c)).order_by(*(desc(column) for column in window.c)).limit(1)
        row = connection.execute(last).one_or_none()
        return None if row is None else tuple(row)

    def _told(self, key: Iterable[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
        """Return the columns of the key as a position has them."""
        if not self.key:
            return [cast(column, Text) for column in key]
        if not self.key_types:
            return list(key)
        return [as_text(column, kind) for column, kind in zip(key, self.key_types, strict=True)]

    def _after(self, position: Position | None) -> ColumnElement[bool]:
        return true() if position is None else tuple_(*self._columns) > tuple_(*self._values(position))

    def _until(self, position: Position) -> ColumnElement[bool]:
        return tuple_(*self._columns) <= tuple_(*self._values(position))

    def _values(self, position: Sequence[Any]) -> list[ColumnElement[Any]]:
        if self.key_types:
            return [from_text(value, kind) for value, kind in zip(position, self.key_types, strict=True)]
        values: list[ColumnElement[Any]] = [
            bindparam(None, value, type_=column.type) for column, value in zip(self._columns, position, strict=True)
        ]
        return values if self.key else [*values[:-1], as_tid(position[-1])]


@dataclass(frozen=True)
class FoundRows:
    """The rows of one batch, locked."""

    rows: list[FoundRow]
    end: Position | None
    """From where the next batch goes on when all of these are done."""
    is_last: bool
