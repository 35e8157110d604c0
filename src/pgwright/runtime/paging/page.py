"""One page of a statement: its rows, and the cursors of the pages beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import Result, Select, Text, cast, func, literal_column

from pgwright.runtime.paging.cursors import Cursor, decode, encode
from pgwright.runtime.paging.keys import SortKey, read_keys
from pgwright.runtime.paging.ranges import ranges_after
from pgwright.runtime.paging.steps import Steps
from pgwright.runtime.paging.totals import TotalKind, count_steps

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a statement, in its order, and the way to those before and after."""

    items: list[T]
    """What is selected, if that is one thing (entities, or the values of a column); else rows with names."""
    next: str | None
    """The cursor of the page after this; None at the end."""
    previous: str | None
    """The cursor of the page before this; None at the start."""
    total: int | None = None
    """Rows of the whole statement, if asked for."""
    total_kind: TotalKind | None = None
    """"capped": there are more than `total`, as in "10,000+"; "estimate": the planner's guess."""

    @property
    def has_next(self) -> bool:
        return self.next is not None

    @property
    def has_previous(self) -> bool:
        return self.previous is not None


@dataclass(frozen=True)
class Request:
    """What a page is asked for, checked."""

    size: int
    cursor: str | None
    secret: bytes
    total: TotalKind | None
    cap: int
    unique: bool


@dataclass(frozen=True)
class _Found:
    """A row, its sort values as text, and their types."""

    item: Any
    values: tuple[str | None, ...]
    types: tuple[str, ...]


def page_steps(statement: Select[*tuple[Any, ...]], request: Request) -> Steps[Page[Any]]:
    """Yield the statements of a page, receive their results."""
    keys = read_keys(statement, unique=request.unique)
    order = ", ".join(key.describe() for key in keys)
    cursor = None if request.cursor is None else decode(request.cursor, order=order, secret=request.secret)
    backward = cursor is not None and cursor.backward
    found = yield from _read(statement, [key.reversed() for key in keys] if backward else keys, cursor, request.size)
    total = None
    if request.total is not None:
        total = yield from count_steps(statement, request.total, request.cap)
    onward, back = _cursors(found, cursor, request.size)
    items = [row.item for row in found[: request.size]]
    following, preceding = (
        None if place is None else encode(place, order=order, secret=request.secret)
        for place in ((back, onward) if backward else (onward, back))
    )
    items = items[::-1] if backward else items
    if total is None:
        return Page(items, following, preceding)
    return Page(items, following, preceding, total.rows, total.kind)


def _read(
    statement: Select[*tuple[Any, ...]], keys: Sequence[SortKey], cursor: Cursor | None, size: int
) -> Steps[list[_Found]]:
    """Read the rows of a page in the order of the keys, and one more that tells whether the page is the last."""
    selected = len(statement.column_descriptions)
    query = statement.order_by(None).order_by(*(key.clause() for key in keys)).add_columns(_sort_values(keys))
    conditions = [()] if cursor is None else [(condition,) for condition in ranges_after(keys, cursor)]
    found: list[_Found] = []
    for condition in conditions:
        if len(found) <= size:
            found += _found((yield query.where(*condition).limit(size + 1 - len(found))), selected)
    return found


def _sort_values(keys: Sequence[SortKey]) -> Any:
    """The sort values of a row as text, then their types: one JSON array, for any type and either driver."""
    values = [cast(key.expression, Text) for key in keys]
    # -1 makes the names ones that a cast reads back: `character` would be cut to one character.
    types = [func.pg_catalog.format_type(func.pg_typeof(key.expression), literal_column("-1")) for key in keys]
    return cast(func.json_build_array(*values, *types), Text).label("pgwright_sort_values")


def _found(result: Result[*tuple[Any, ...]], selected: int) -> list[_Found]:
    # Joined loads repeat a row once for each related one; its sort values tell that it is the same.
    rows = result.unique(lambda row: row[-1]).freeze()
    fields = [json.loads(row[-1]) for row in rows().all()]
    items = rows().scalars() if selected == 1 else rows().columns(*range(selected))
    return [
        _Found(item, tuple(field[: len(field) // 2]), tuple(field[len(field) // 2 :]))
        for item, field in zip(items.all(), fields, strict=True)
    ]


def _cursors(found: Sequence[_Found], cursor: Cursor | None, size: int) -> tuple[Cursor | None, Cursor | None]:
    """Return the cursors that read on and that read back."""
    backward = cursor is not None and cursor.backward
    if not found:
        # All of it was deleted: the way back begins with the row that the cursor stands at.
        return None, cursor and replace(cursor, backward=not backward, is_inclusive=not cursor.is_inclusive, shared=0)
    first, last = found[0], found[:size][-1]
    shared = 0
    while shared < len(first.values) - 1 and first.values[shared] == last.values[shared]:
        shared += 1
    onward = Cursor(last.values, last.types, backward, shared=shared)
    back = Cursor(first.values, first.types, not backward, shared=shared)
    return onward if len(found) > size else None, back if cursor is not None else None
