"""What a cached function reads: whole tables, and rows of tables by an argument of its own that is their key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Table, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import Integer, TypeEngine, Uuid

from pgwright_runtime.caching.effects import Effects
from pgwright_runtime.caching.tables import Readable, table_names


@dataclass(frozen=True, slots=True)
class RowRead:
    """Of tables, the only row that a function reads; made by `row`."""

    columns: Mapping[str, str | None]
    """The primary key of each table, as far as it was told."""
    argument: str


class Reads(NamedTuple):
    """What one call reads."""

    tables: frozenset[str] = frozenset()
    """Those that it reads whole, by name."""
    rows: Mapping[str, frozenset[str]] = MappingProxyType({})
    """The keys of the only rows that it reads of others."""

    @property
    def names(self) -> frozenset[str]:
        return self.tables.union(self.rows) if self.rows else self.tables


def row(of: Readable, by: str) -> RowRead:
    """Say that a function reads of a table only the row whose primary key is an argument of its own.

    Its value is left by what is written to other rows, as far as a write tells which they are. A key is an int, or a
    UUID, which may be given as text; for any other value, as None, the call counts as one that reads the table whole.

    Args:
        of: a model, also one of joined tables with one key; a table; or the name of one, with keys as it has them.
        by: the name of the argument.
    Raises: TypeError: its primary key is not one column of integers or UUIDs, or it is no table.
    """
    if isinstance(of, str):
        return RowRead(dict.fromkeys(table_names([of])), by)
    keys = [(table.name, list(table.primary_key)) for table in _tables(of)]
    if not keys or not all(len(columns) == 1 and _is_plain(columns[0].type) for _, columns in keys):
        raise TypeError(f"the primary key of {of!r} is not one column of integers or UUIDs: name the table instead")
    return RowRead({name: columns[0].name for name, columns in keys}, by)


def reads_of(
    tables: frozenset[str], rows: Sequence[RowRead], arguments: Mapping[str, Any], effects: Sequence[Effects]
) -> Reads:
    """Return what a call reads, with the tables below views; a row counts only where all catalogs have that key."""
    keyed: dict[str, set[str]] = {}
    for each in rows:
        for table, column in each.columns.items():
            key = _key(table, column, arguments[each.argument], effects)
            if key is None:
                tables |= {table}
            else:
                keyed.setdefault(table, set()).add(key)
    for own in effects:
        tables |= own.read_by(tables)
        for table in keyed:
            tables |= own.below(table)
    if not keyed:
        return Reads(tables)
    return Reads(tables, {table: frozenset(keys) for table, keys in keyed.items() if table not in tables})


def _key(table: str, column: str | None, value: object, effects: Iterable[Effects]) -> str | None:
    found = {own.keys.get(table) for own in effects}
    key = found.pop() if len(found) == 1 else None
    return key.text_of(value) if key is not None and column in (None, key.name) else None


def _tables(of: Any) -> Iterable[Table]:
    if isinstance(of, Table):
        return [of]
    mapper = inspect(of, raiseerr=False)
    if not getattr(mapper, "tables", None):
        raise TypeError(f"{of!r} is no model's class, no table and no name of one")
    (first, *more) = mapper.primary_key
    same = set(mapper.get_property_by_column(first).columns)
    is_one_key = not more and all(same.issuperset(table.primary_key) for table in mapper.tables)
    return mapper.tables if is_one_key else ()


def _is_plain(kind: TypeEngine[Any]) -> bool:
    """Return whether the server gets what Python has: types of the app's own may change it."""
    sent = kind.dialect_impl(postgresql.dialect())  # type: ignore[no-untyped-call]
    return isinstance(sent, Integer | Uuid) and type(sent).__module__.startswith("sqlalchemy.")
