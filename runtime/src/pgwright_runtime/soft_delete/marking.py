"""One deletion in the database: one UPDATE per table along the graph, from the root downwards.

Where tables refer to one another in a circle, or one to itself, its UPDATE is repeated until it finds no more rows:
once per level of the tree, and once more. Each is a statement of its own, so that it sees what was inserted below a row
while the deletion waited for that row's lock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, literal, or_, select, union_all, update
from sqlalchemy.sql.dml import Update

from pgwright_runtime.soft_delete.errors import DeletionRefused
from pgwright_runtime.soft_delete.family import row_name
from pgwright_runtime.soft_delete.graph import FORBIDS, DeletionGraph
from pgwright_runtime.soft_delete.hidden import of_all_rows
from pgwright_runtime.soft_delete.mixin import mark_of

# How many of the rows that forbid a deletion are named.
_NAMED = 3

Roots = Mapping[Table, Sequence[ColumnElement[bool]]]
"""Conditions on tables; rows that meet one of them are deleted."""


@dataclass
class Marking:
    """What one deletion marks, and has marked so far."""

    connection: Connection
    graph: DeletionGraph
    moment: datetime
    wanted: Mapping[Table, Sequence[ColumnElement[Any]]] = field(default_factory=dict)
    """The columns to return of each marked row, for tables whose objects a session holds."""
    marked: dict[Table, int] = field(default_factory=dict)
    """Rows per table."""
    rows: dict[Table, list[Any]] = field(default_factory=dict)
    """The returned columns, per table of `wanted`."""

    def spread(self, roots: Roots, fresh: Collection[Table] = ()) -> None:
        """Mark the roots, and all that goes with them, and with the rows of `fresh`, which bear the moment already."""
        for part in self.graph.parents_first:
            below = set(fresh) | {table for table, count in self.marked.items() if count}
            asked = {table: roots[table] for table in part if table in roots}
            while True:
                found = {table for table in part if self._mark(table, asked.pop(table, ()), below)}
                below = {table for table in found if table in part}
                if not found or not self._leads_back(part):
                    break

    def _leads_back(self, part: Sequence[Table]) -> bool:
        return any(link.parent in part and link.child in part for link in self.graph.going)

    def _mark(self, table: Table, asked: Sequence[ColumnElement[bool]], above: set[Table]) -> int:
        links = [link for link in self.graph.going if link.child is table and link.parent in above]
        first, rest = asked[:1], asked[1:]
        ways = [*first, *(link.is_below(self.moment) for link in links)]
        return sum(self._execute(table, way) for way in ([or_(*ways), *rest] if ways else ()))

    def _execute(self, table: Table, condition: ColumnElement[bool]) -> int:
        statement = of_all_rows(mark_rows(table, self.moment).where(condition))
        if table in self.wanted:
            rows = self.connection.execute(statement.returning(*self.wanted[table])).all()
            self.rows.setdefault(table, []).extend(rows)
            count = len(rows)
        else:
            count = self.connection.execute(statement).rowcount
        self.marked[table] = self.marked.get(table, 0) + count
        return count

    def refuse_if_forbidden(self, fresh: Collection[Table] = ()) -> None:
        """Raise `DeletionRefused` where living rows refer to marked ones by a key without ON DELETE.

        Rows of tables without the mixin count as living.
        """
        marked = set(fresh) | {table for table, count in self.marked.items() if count}
        links = [link for link in self.graph.links if link.rule == FORBIDS and link.parent in marked]
        looks = []
        for number, link in enumerate(links):
            look = select(literal(number), row_name(link.reference.child))
            look = look.where(link.refers_to(link.reference.child, self.moment))
            if (mark := mark_of(link.reference.child)) is not None:
                look = look.where(mark.is_(None))
            looks.append(look.limit(_NAMED))
        if looks:
            found = self.connection.execute(of_all_rows(union_all(*looks))).all()
            if found:
                raise DeletionRefused([(links[number].name, key) for number, key in found])


def mark_rows(table: Table, moment: datetime | None, at: datetime | None = None, entity: Any = None) -> Update:
    """Return an UPDATE that sets a table's marks.

    Args:
        moment: the new mark; None: the rows live again.
        at: the mark that the rows bear; None: they live.
        entity: in place of the table, the class that it is of.
    """
    mark = mark_of(table)
    assert mark is not None
    statement = update(table if entity is None else entity).values(mark_values(table, moment))
    return statement.where(mark.is_(None) if at is None else mark == at)


def mark_values(table: Table, moment: datetime | None) -> dict[Column[Any], Any]:
    """Return what an UPDATE sets: the mark, and no `onupdate` column, which restoring could not give back."""
    mark = mark_of(table)
    assert mark is not None
    return {mark: moment, **{column: column for column in table.c if column.onupdate is not None}}
