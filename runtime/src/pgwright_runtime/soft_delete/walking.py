"""The rows that one deletion marked, found again: those below its root that bear the root's moment.

A recursive query over all tables at once, so that circles need nothing of their own. A row of it is a row of one of the
tables: the table's number, and its key in the columns of that table; those of the others are NULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    Table,
    and_,
    cast,
    exists,
    literal,
    not_,
    null,
    select,
    true,
    union_all,
)

from pgwright_runtime.soft_delete.family import family, own_key
from pgwright_runtime.soft_delete.graph import DeletionGraph, DeletionLink
from pgwright_runtime.soft_delete.mixin import mark_of


@dataclass(frozen=True)
class Walk:
    """The rows of one deletion, as a part of a statement."""

    tables: tuple[Table, ...]
    rows: CTE

    def is_row(self, table: Table, of: Any, rows: Any = None) -> ColumnElement[bool]:
        """Return the condition that a row of the walk is this row of a table, or of its alias."""
        rows = self.rows if rows is None else rows
        number = self.tables.index(table)
        keys = zip(own_key(of), _names(number, table), strict=True)
        return and_(rows.c.number == number, *(key == rows.c[name] for key, name in keys))

    def has(self, table: Table, of: Any) -> ColumnElement[bool]:
        """Return the condition that a row of a table, or of its alias, is one of these."""
        if table not in self.tables:
            return literal(False)
        rows = self.rows.alias()
        return exists().where(self.is_row(table, of, rows))


def walk(graph: DeletionGraph, root: Table, key: Sequence[Any], moment: datetime, upwards: bool = False) -> Walk:
    """Return the rows that one deletion marked: a root, and those below it.

    Args:
        key: the root's, in the order of its table's primary key.
        moment: what the root bears.
        upwards: also those that the rows below it cannot live without, and so on. One deletion may have several roots,
            and a row may be below two of them.
    """
    tables = tuple(sorted(graph.tied([root], upwards), key=lambda table: table.fullname))
    is_root = and_(*(own == value for own, value in zip(own_key(root), key, strict=True)))
    rows = _select(tables, root, root).where(is_root, _bears(root, root, moment)).cte("walk", recursive=True)
    links = [link for link in graph.bound if link.parent in tables]
    steps = [_step(tables, rows, link, moment) for link in links]
    if upwards:
        names = _names(tables.index(root), root)
        is_root = and_(rows.c.number == tables.index(root), *(rows.c[n] == v for n, v in zip(names, key, strict=True)))
        steps += [_step(tables, rows, link, moment, upwards=True).where(not_(is_root)) for link in links]
    if steps:
        found = union_all(*steps).lateral("step")
        same = select(*(found.c[column.name] for column in rows.c))
        rows = rows.union(same.select_from(rows.join(found, true())))
    return Walk(tables, rows)


def _step(
    tables: tuple[Table, ...], rows: CTE, link: DeletionLink, moment: datetime, upwards: bool = False
) -> Select[*tuple[Any, ...]]:
    """Return the rows of this moment that refer to a row of the walk by a foreign key, or those it refers to."""
    below, above = family(link.reference.child), family(link.reference.parent)
    is_pair = and_(*(below.table.c[own.key] == above.table.c[their.key] for own, their in link.reference.pairs))
    (source, known), (target, new) = (link.parent, above.head), (link.child, below.head)
    if upwards:
        (source, known), (target, new) = (target, new), (source, known)
    number = tables.index(source)
    keys = zip(own_key(known), _names(number, source), strict=True)
    is_known = and_(rows.c.number == number, *(own == rows.c[name] for own, name in keys))
    found = _select(tables, target, new).select_from(below.from_.join(above.from_, is_pair))
    return found.where(is_known, _bears(target, new, moment)).correlate(rows)


def _bears(table: Table, of: Any, moment: datetime) -> ColumnElement[bool]:
    mark = mark_of(table)
    assert mark is not None
    return of.c[mark.key] == moment  # type: ignore[no-any-return]


def _select(tables: tuple[Table, ...], table: Table, of: Any) -> Select[*tuple[Any, ...]]:
    """Return a SELECT of rows of one table, in the form of the walk."""
    columns: list[Any] = [literal(tables.index(table), Integer).label("number")]
    for number, other in enumerate(tables):
        own = own_key(of if other is table else other)
        for key, name in zip(own, _names(number, other), strict=True):
            columns.append((key if other is table else cast(null(), key.type)).label(name))
    return select(*columns)


def _names(number: int, table: Table) -> list[str]:
    return [f"key_{number}_{place}" for place, _ in enumerate(own_key(table))]
