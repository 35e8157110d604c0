"""Whether a snapshot that was decoded from a file can be one: what every reader of it takes for granted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache

from pgwright.model.snapshot import Snapshot

_LARGEST_INTEGER = 2**63
# Far beyond any time in milliseconds or number of rows, and sums and products of it stay finite.
_LARGEST_FLOAT = 1e18
_MOST_KEYS = 8  # STATS_MAX_DIMENSIONS of PostgreSQL


def faults(snapshot: Snapshot) -> Iterator[str]:
    """Yield what is wrong, in words; nothing for a snapshot that was read from a server."""
    yield from _values(snapshot, "")
    yield from _dangling(snapshot)
    yield from _uneven(snapshot)


def _values(value: object, place: str) -> Iterator[str]:
    """Yield the values that no server has: beyond their range, no text, no time."""
    if isinstance(value, str):
        if "\0" in value or (not value.isascii() and _is_broken(value)):
            yield f"{place} is no text"
        elif place.endswith("_at") and not _is_time(value):
            yield f"{place} is no time: {value[:40]!r}"
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int):
        if not -_LARGEST_INTEGER <= value < _LARGEST_INTEGER:
            yield f"{place} is beyond 64 bits"
    elif isinstance(value, float):
        if not math.isfinite(value) or abs(value) > _LARGEST_FLOAT:
            yield f"{place} is {value:g}"
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _values(item, f"{place}[{number}]")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _values(key, place)
            yield from _values(item, f"{place}.{key}")
    elif is_dataclass(value) and not isinstance(value, type):
        for name in _names(type(value)):
            yield from _values(getattr(value, name), f"{place}.{name}" if place else name)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _dangling(snapshot: Snapshot) -> Iterator[str]:
    """Yield the columns and tables that an edited file refers to without holding them."""
    used = [(index.table, (*index.definition.columns, *index.definition.include)) for index in snapshot.indexes]
    used += [(key.table, key.columns) for key in snapshot.foreign_keys]
    used += [(key.referenced_table, key.referenced_columns) for key in snapshot.foreign_keys]
    used += [
        (one.table, (one.column,)) for one in snapshot.sequences if one.table is not None and one.column is not None
    ]
    used += [(one.name, one.primary_key) for one in snapshot.tables]
    for name, columns in used:
        table = snapshot.table_by_name.get(name)
        if table is None:
            yield f"it names the table {name.short}, which it does not describe"
        else:
            absent = [column for column in columns if column not in table.column_by_name]
            yield from (f"it names {name.short} ({column}), which it does not describe" for column in absent)


def _uneven(snapshot: Snapshot) -> Iterator[str]:
    """Yield the lists that belong together and are of different lengths, and tables that are their own ancestors."""
    for key in snapshot.foreign_keys:
        if not key.columns or len(key.columns) != len(key.referenced_columns):
            yield f"the foreign key {key.name} has {len(key.columns)} columns for {len(key.referenced_columns)}"
    for row in snapshot.statistics:
        if len(row.common_values or ()) != len(row.common_frequencies or ()):
            yield f"the statistics of {row.relation.short} ({row.column}) have values without frequencies"
    yield from _uneven_extended(snapshot)
    for table in snapshot.tables:
        seen, parent = {table.name}, table.parent
        while parent is not None and parent in snapshot.table_by_name:
            if parent in seen:
                yield f"the table {table.name.short} is its own ancestor"
                return
            seen.add(parent)
            parent = snapshot.table_by_name[parent].parent


def _uneven_extended(snapshot: Snapshot) -> Iterator[str]:
    for one in snapshot.extended_statistics:
        what = f"the extended statistics {one.name.short}"
        count = len(one.columns) + len(one.expressions)
        if count > _MOST_KEYS:
            yield f"{what} have {count} columns and expressions"
        for keys in [*(item.keys for item in one.distinct), *(item.keys for item in one.dependencies)]:
            if len(keys) < 2 or len(set(keys)) != len(keys) or not all(0 <= key < count for key in keys):
                yield f"{what} have no such combination of keys: {keys}"
        if any(len(item.values) != count for item in one.common):
            yield f"{what} have common values of another number of keys"
        if len(one.expression_statistics) not in (0, len(one.expressions)):
            yield f"{what} have {len(one.expression_statistics)} statistics of {len(one.expressions)} expressions"
        for row in one.expression_statistics:
            if row is not None and len(row.common_values or ()) != len(row.common_frequencies or ()):
                yield f"{what} have values without frequencies"
