"""The tables that make up one row by joined inheritance; the topmost, the head, bears the mark for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Table, and_, column, func
from sqlalchemy.types import UserDefinedType

from pgwright_runtime.soft_delete.mixin import mark_of, tables_above


@dataclass(frozen=True)
class Family:
    """A table under an alias, joined with those above it."""

    from_: FromClause
    table: FromClause
    head: FromClause
    mark: ColumnElement[Any] | None
    """None: its rows are deleted for good."""


def head_of(table: Table) -> Table:
    """Return the table at the top; itself, if it shares its rows with none."""
    return next((above.table for above in reversed(tables_above(table))), table)


def family(table: Table) -> Family:
    """Return a table joined with those above it, all under new aliases."""
    first = lower = table.alias()
    from_: FromClause = first
    for above in tables_above(table):
        upper = above.table.alias()
        from_ = from_.join(upper, and_(*(lower.c[own] == upper.c[their] for own, their in above.keys)))
        lower = upper
    mark = mark_of(head_of(table))
    return Family(from_, first, lower, None if mark is None else lower.c[mark.key])


class _Place(UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "tid"


def own_key(table: FromClause) -> list[ColumnElement[Any]]:
    """Return the primary key; of a table without one the place of the row, which holds for one statement."""
    if table.primary_key:
        return list(table.primary_key)
    place = column("ctid", _Place())
    place.table = table
    return [place]


def row_name(table: FromClause) -> ColumnElement[str]:
    """Return the key of a row as text, for people."""
    return func.concat_ws(", ", *own_key(table))
