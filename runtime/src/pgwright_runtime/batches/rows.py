"""Rows by their address: where they lie, for as long as a transaction holds their locks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, FromClause, Text, and_, cast, func, literal, literal_column
from sqlalchemy.types import UserDefinedType

from pgwright_runtime._sql import quote, quoted

Position = tuple[Any, ...]
"""Values of the columns that rows are walked in order of."""


class RowAddress(NamedTuple):
    """Where a row lies. It holds until the row is updated, so no longer than its lock."""

    table: int
    """The oid of the table; of a partitioned one, that of the partition."""
    tid: str
    """Its `ctid`: `(block,line)`."""


@dataclass(frozen=True)
class FoundRow:
    address: RowAddress
    position: Position


class _Named(UserDefinedType[Any]):
    """A type by its name in SQL."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


class _Tid(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "tid"


class _Tids(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "tid[]"


def tid_of(table: FromClause) -> ColumnElement[str]:
    """Return the column that holds a row's place in its table."""
    return literal_column(f"{_name(table)}.ctid", _Tid())


def oid_of(table: FromClause) -> ColumnElement[int]:
    """Return the column that holds the table that a row is really in."""
    return literal_column(f"{_name(table)}.tableoid", BigInteger())


def column_of_row(table: FromClause, name: str) -> ColumnElement[Any]:
    """Return a column by its name in the database: a model may call it otherwise, or not know it."""
    return literal_column(f"{_name(table)}.{quote(name)}")


def as_tid(text: str) -> ColumnElement[str]:
    """Return a place as a value; by way of text, since drivers know no `tid`."""
    return cast(cast(literal(text), Text), _Tid())


def as_text(column: ColumnElement[Any], kind: str) -> ColumnElement[str]:
    """Return a column as a text that `from_text` reads in any session: moments as ISO 8601 has them."""
    if kind == "date" or kind.startswith("timestamp"):
        return func.to_json(column).op("#>>")(literal_column("'{}'"))
    return cast(column, Text)


def from_text(value: str, kind: str) -> ColumnElement[Any]:
    """Return a text as a value of a type that is named as SQL has it."""
    return cast(cast(literal(value), Text), _Named(kind))


def is_at(table: FromClause, oid: int, tids: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a row lies at one of these places of one table."""
    array = "{" + ",".join(f'"{tid}"' for tid in tids) + "}"
    # As one value: the server gets no statement of ten thousand parameters.
    places = cast(cast(literal(array), Text), _Tids())
    return and_(oid_of(table) == oid, tid_of(table) == func.any(places, type_=_Tid()))


def by_table(addresses: Iterable[RowAddress]) -> Iterator[tuple[int, list[str]]]:
    """Yield the places of rows, together for each table."""
    places: dict[int, list[str]] = defaultdict(list)
    for address in addresses:
        places[address.table].append(address.tid)
    yield from places.items()


def _name(table: FromClause) -> str:
    return quoted(table.name, getattr(table, "schema", None))  # type: ignore[attr-defined]
