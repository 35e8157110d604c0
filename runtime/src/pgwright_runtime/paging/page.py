"""One page of a statement: its rows, and the cursors of the pages beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Generic, TypeVar

from sqlalchemy import Result

from pgwright_runtime._alchemy import AnySelect, is_entity, repeats_rows
from pgwright_runtime._sessions import Steps
from pgwright_runtime.paging.cursors import Cursor, decode, encode
from pgwright_runtime.paging.errors import NotPageable
from pgwright_runtime.paging.keys import SortKey, read_keys
from pgwright_runtime.paging.ranges import ranges_after
from pgwright_runtime.paging.sort_values import SortValues
from pgwright_runtime.paging.totals import TotalKind, count_steps

T = TypeVar("T")
U = TypeVar("U")
_NAME = "pgwright_sort_values"
_UNREADABLE = frozenset(("record", "record[]"))


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a statement, in its order, and the way to those before and after."""

    # For pydantic, so that FastAPI answers `Page[NoteView]` with items that are entities: each is read as a NoteView.
    __pydantic_config__ = {"revalidate_instances": "always", "from_attributes": True, "use_attribute_docstrings": True}

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

    def map(self, change: Callable[[T], U]) -> Page[U]:
        """Return the page with each item changed, as in `page.map(NoteView.model_validate)`."""
        return Page([change(item) for item in self.items], self.next, self.previous, self.total, self.total_kind)


@dataclass(frozen=True)
class Request:
    """What a page is asked for, checked."""

    size: int
    cursor: str | None
    keys: tuple[bytes, ...]
    """The first signs, all of them verify."""
    total: TotalKind | None
    cap: int
    unique: bool


@dataclass(frozen=True)
class _Found:
    """A row, and its sort values as the server writes them."""

    item: Any
    sort_values: str

    def place(self) -> tuple[tuple[str | None, ...], tuple[str, ...]]:
        """Return the sort values as text, and their types.

        Raises: NotPageable: PostgreSQL writes a value as text, and cannot read it back.
        """
        fields = json.loads(self.sort_values)
        values, types = tuple(fields[: len(fields) // 2]), tuple(fields[len(fields) // 2 :])
        if not _UNREADABLE.isdisjoint(types):
            raise NotPageable("a row within the order cannot be read back from a cursor; order by its members")
        return values, types


def page_steps(statement: AnySelect, request: Request) -> Steps[Page[Any]]:
    """Yield the statements of a page, receive their results."""
    keys = read_keys(statement, unique=request.unique)
    order = ", ".join(key.describe() for key in keys)
    cursor = None if request.cursor is None else decode(request.cursor, order=order, keys=request.keys)
    backward = cursor is not None and cursor.backward
    found = yield from _read(statement, [key.reversed() for key in keys] if backward else keys, cursor, request.size)
    total = None
    if request.total is not None:
        total = yield from count_steps(statement, request.total, request.cap)
    onward, back = _cursors(found, cursor, request.size)
    items = [row.item for row in found[: request.size]]
    following, preceding = (
        None if place is None else encode(place, order=order, key=request.keys[0])
        for place in ((back, onward) if backward else (onward, back))
    )
    items = items[::-1] if backward else items
    if total is None:
        return Page(items, following, preceding)
    return Page(items, following, preceding, total.rows, total.kind)


def _read(statement: AnySelect, keys: Sequence[SortKey], cursor: Cursor | None, size: int) -> Steps[list[_Found]]:
    """Read the rows of a page in the order of the keys, and one more that tells whether the page is the last."""
    selected = len(statement.column_descriptions)
    query = (
        statement.order_by(None)
        .order_by(*(key.clause() for key in keys))
        .add_columns(SortValues(*(key.expression for key in keys)).label(_NAME))
    )
    conditions = [()] if cursor is None else [(condition,) for condition in ranges_after(keys, cursor)]
    found: list[_Found] = []
    for condition in conditions:
        if len(found) <= size:
            found += _found((yield query.where(*condition).limit(size + 1 - len(found))), selected)
    return found


def _found(result: Result[*tuple[Any, ...]], selected: int) -> list[_Found]:
    # Joined loads of collections repeat a row once for each related one; SQLAlchemy marks their results.
    if repeats_rows(result):
        result = result.unique(_identity)
    if selected == 1:
        found = [_Found(row[0], row[-1]) for row in result]
    else:
        rows = result.freeze()
        found = [_Found(item, row[-1]) for item, row in zip(rows().columns(*range(selected)), rows(), strict=True)]
    if any(row.sort_values == following.sort_values for row, following in pairwise(found)):
        raise NotPageable("two rows have the same sort values, so one would be lost; order by something unique last")
    return found


def _identity(row: Any) -> tuple[Any, ...]:
    """What a row and its repeats have in common: the entities, and the sort values."""
    return row[-1], *(id(value) for value in row if is_entity(value))


def _cursors(found: Sequence[_Found], cursor: Cursor | None, size: int) -> tuple[Cursor | None, Cursor | None]:
    """Return the cursors that read on and that read back."""
    backward = cursor is not None and cursor.backward
    if not found:
        # All of it was deleted: the way back begins with the row that the cursor stands at.
        return None, cursor and replace(cursor, backward=not backward, is_inclusive=not cursor.is_inclusive, shared=0)
    if cursor is None and len(found) <= size:
        return None, None
    (first, types), (last, _) = found[0].place(), found[:size][-1].place()
    shared = 0
    while shared < len(first) - 1 and first[shared] == last[shared]:
        shared += 1
    onward = Cursor(last, types, backward, shared=shared)
    back = Cursor(first, types, not backward, shared=shared)
    return onward if len(found) > size else None, back if cursor is not None else None
