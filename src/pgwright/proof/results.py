"""Whether two results are the same, where a key may be text before and a uuid after."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from uuid import UUID

_UUID = re.compile(r"\A(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z", re.IGNORECASE)
# Sums of floats depend on the order of their terms; of ten thousand they agree to about 13 digits.
_SAME_FLOAT = 1e-9

Rows = Sequence[Sequence[object]]


def canonical(value: object) -> object:
    """Return a value in which UUIDs are UUIDs, however they were written, and containers are comparable.

    >>> canonical(["A0EEBC999C0B4EF8BB6D6BB9BD380A11"]) == canonical([UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")])
    True
    """
    if isinstance(value, str):
        return UUID(value) if _UUID.match(value) else value
    if isinstance(value, UUID):
        return UUID(int=value.int)  # asyncpg has a class of its own
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(canonical(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, Mapping):
        return tuple(sorted(((canonical(key), canonical(item)) for key, item in value.items()), key=repr))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return tuple(canonical(item) for item in value)
    return value


def alike(one: object, other: object) -> bool:
    """Tell whether two canonical values are the same, floats to a relative 1e-9.

    >>> alike((0.1 + 0.2, "a"), (0.3, "a")), alike((0.3,), (0.3001,)), alike(1, "1")
    (True, False, False)
    """
    if isinstance(one, float) and isinstance(other, float):
        both_nan = math.isnan(one) and math.isnan(other)
        return both_nan or one == other or math.isclose(one, other, rel_tol=_SAME_FLOAT)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and one == other


def same_rows(before: Rows, after: Rows) -> bool:
    """Tell whether two sets of rows are the same, each row as often.

    Their order is not compared: where a statement asks for one, the server gives it on both sides, and among equals
    it may give any.
    """
    if len(before) != len(after):
        return False
    one, other = [canonical(row) for row in before], [canonical(row) for row in after]
    if Counter(map(repr, one)) == Counter(map(repr, other)):
        return True
    return all(map(alike, sorted(one, key=_place), sorted(other, key=_place)))


def _place(row: object) -> tuple[str, str]:
    """Return where a row stands among the others, whatever the last digits of its floats are."""
    exact = tuple(value for value in row if not isinstance(value, float)) if isinstance(row, tuple) else row
    return repr(exact), repr(row)


def in_any_order(value: object) -> object:
    """Return a value whose elements stand in one order: that of an array or a document put together of rows.

    >>> in_any_order([3, 1, 2])
    [1, 2, 3]
    """
    return sorted(value, key=repr) if isinstance(value, list) else value


def varying_columns(one: Rows, other: Rows) -> frozenset[int]:
    """Return the columns whose values differ between two runs, by their places."""
    width = max((len(row) for row in (*one, *other)), default=0)
    columns = (
        ([row[place : place + 1] for row in one], [row[place : place + 1] for row in other]) for place in range(width)
    )
    return frozenset(place for place, (these, those) in enumerate(columns) if not same_rows(these, those))
