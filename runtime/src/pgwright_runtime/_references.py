"""Which tables' rows hang on which, by the foreign keys that the models declare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Column, ForeignKeyConstraint, MetaData, Table


@dataclass(frozen=True)
class TableReference:
    """A foreign key: rows of `child` refer to rows of `parent`."""

    constraint: ForeignKeyConstraint

    @property
    def child(self) -> Table:
        return self.constraint.table

    @property
    def parent(self) -> Table:
        return self.constraint.referred_table

    @cached_property
    def pairs(self) -> tuple[tuple[Column[object], Column[object]], ...]:
        """Each column of the child with the one of the parent that it refers to."""
        return tuple((element.parent, element.column) for element in self.constraint.elements)

    @property
    def on_delete(self) -> str:
        """`CASCADE`, `SET NULL`, `SET DEFAULT`, `RESTRICT` or `NO ACTION`."""
        return (self.constraint.ondelete or "NO ACTION").upper().partition(" (")[0]


def references(metadata: MetaData | Iterable[Table]) -> Iterator[TableReference]:
    """Yield the foreign keys of all tables, in the order of their tables' names."""
    tables = metadata.tables.values() if isinstance(metadata, MetaData) else metadata
    for table in sorted(tables, key=lambda table: table.fullname):
        for constraint in sorted(table.foreign_key_constraints, key=lambda key: [c.name for c in key.columns]):
            yield TableReference(constraint)


def children_first(tables: Iterable[Table]) -> list[list[Table]]:
    """Return the tables in the order in which rows can be deleted: each after all that refer to it.

    Tables of a circle of foreign keys share an entry; there is no order among them.
    """
    known = sorted(tables, key=lambda table: table.fullname)
    below: dict[Table, list[Table]] = {table: [] for table in known}
    for reference in references(known):
        if reference.parent in below and reference.parent is not reference.child:
            below[reference.parent].append(reference.child)
    return list(components(below))


def components(below: dict[Table, list[Table]]) -> Iterator[list[Table]]:
    """Yield the strongly connected components of tables, each after all that `below` leads to from it (Tarjan 1972)."""
    number: dict[Table, int] = {}
    low: dict[Table, int] = {}
    path: list[Table] = []
    for root in below:
        if root in number:
            continue
        # Own stack: a chain of tables may be longer than Python recurses.
        work: list[tuple[Table, Iterator[Table]]] = []
        number[root] = low[root] = len(number)
        path.append(root)
        work.append((root, iter(below[root])))
        while work:
            table, rest = work[-1]
            child = next(rest, None)
            if child is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[table])
                if low[table] == number[table]:
                    place = path.index(table)
                    yield path[place:]
                    del path[place:]
            elif child not in number:
                number[child] = low[child] = len(number)
                path.append(child)
                work.append((child, iter(below[child])))
            elif child in path:
                low[table] = min(low[table], number[child])
