"""Whether two results are the same, where a key may be text before and a uuid after."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from uuid import UUID

_UUID = re.compile(r"\A(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z", re.IGNORECASE)


def canonical(value: object) -> object:
    """Return a value in which UUIDs are UUIDs, however they were written, and containers are comparable.

    >>> canonical(["A0EEBC999C0B4EF8BB6D6BB9BD380A11"]) == canonical([UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")])
    True
    """
    if isinstance(value, str):
        return UUID(value) if _UUID.match(value) else value
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(canonical(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, Mapping):
        return tuple(sorted(((canonical(key), canonical(item)) for key, item in value.items()), key=repr))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return tuple(canonical(item) for item in value)
    return value


def same_rows(before: Sequence[Sequence[object]], after: Sequence[Sequence[object]]) -> bool:
    """Tell whether two sets of rows are the same, each row as often.

    Their order is not compared: where a statement asks for one, the server gives it on both sides, and among equals
    it may give any.
    """
    one, other = [canonical(row) for row in before], [canonical(row) for row in after]
    return Counter(map(repr, one)) == Counter(map(repr, other))
