"""Which rows go when a row is deleted, and which ones forbid it: by the foreign keys, as a DELETE would have it.

Where a key says nothing of ON DELETE, the relationship to its rows does: with the cascade "delete" they go, and where
the ORM would set the key to NULL, or delete rows of an association table, they stay.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import ColumnElement, Table, any_, event, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapper, RelationshipDirection, registry

from pgwright_runtime._references import TableReference, components, references
from pgwright_runtime.soft_delete.family import family, head_of
from pgwright_runtime.soft_delete.mixin import SoftDelete, mark_of, tables_above

# What becomes of a row when the row that it refers to is deleted.
GOES, STAYS, FORBIDS = "CASCADE", "SET NULL", "NO ACTION"
_RULES = {"CASCADE": GOES, "SET NULL": STAYS, "SET DEFAULT": STAYS}


@dataclass(frozen=True)
class DeletionLink:
    """A foreign key to rows that can be deleted and restored."""

    reference: TableReference
    rule: str
    """`GOES`; `STAYS`, and so does the reference, so that restoring mends it; or `FORBIDS`."""

    @cached_property
    def child(self) -> Table:
        """The table that marks the referring rows; the referring one itself, if they are deleted for good."""
        return head_of(self.reference.child)

    @cached_property
    def parent(self) -> Table:
        """The table that marks the rows referred to."""
        return head_of(self.reference.parent)

    @property
    def name(self) -> str:
        return f"{self.reference.child.fullname}.{', '.join(column.name for column, _ in self.reference.pairs)}"

    def refers_to(self, table: Any, moment: datetime) -> ColumnElement[bool]:
        """Return the condition that a row of `table`, the referring one or its alias, refers to one with this mark.

        Of one column as `= ANY (ARRAY(SELECT …))`: several of these, joined by OR, use an index each.
        """
        above = family(self.reference.parent)
        assert above.mark is not None
        own = [table.c[column.key] for column, _ in self.reference.pairs]
        their = [above.table.c[column.key] for _, column in self.reference.pairs]
        keys = select(*their).select_from(above.from_).where(above.mark == moment)
        if len(own) > 1:
            return tuple_(*own).in_(keys)
        found: ColumnElement[bool] = own[0] == any_(func.array(keys.scalar_subquery(), type_=ARRAY(their[0].type)))
        return found

    def is_below(self, moment: datetime) -> ColumnElement[bool]:
        """Return the same condition on the table that marks the referring rows."""
        own = self.reference.child
        if own is self.child:
            return self.refers_to(own, moment)
        below = family(own)
        keys = [column.key for column in self.child.primary_key]
        found = select(*(below.head.c[key] for key in keys)).select_from(below.from_)
        return tuple_(*self.child.primary_key).in_(found.where(self.refers_to(below.table, moment)))


@dataclass(frozen=True)
class DeletionGraph:
    """The tables whose rows can be restored, and all foreign keys to them."""

    links: tuple[DeletionLink, ...]
    parents_first: tuple[tuple[Table, ...], ...]
    """The tables in the order of marking; those of a circle share an entry."""

    @cached_property
    def going(self) -> tuple[DeletionLink, ...]:
        """The links along which a deletion spreads."""
        return tuple(link for link in self.links if link.rule == GOES and mark_of(link.child) is not None)

    @cached_property
    def bound(self) -> tuple[DeletionLink, ...]:
        """The links of which no end can be deleted while the other lives, but for those that are deleted for good."""
        return tuple(link for link in self.links if link.rule != STAYS and mark_of(link.child) is not None)

    def below(self, tables: Iterable[Table]) -> set[Table]:
        """Return the tables whose rows may go with rows of these, these included."""
        return _closure(tables, [(link.parent, link.child) for link in self.going])

    def tied(self, tables: Iterable[Table], upwards: bool) -> set[Table]:
        """Return the tables whose rows may be below rows of these, or above those as well; these included."""
        down = [(link.parent, link.child) for link in self.bound]
        return _closure(tables, down + [(child, parent) for parent, child in down if upwards])

    def refers(self, tables: Collection[Table]) -> bool:
        """Return whether anything hangs on rows of these tables, or forbids that they go."""
        return any(link.parent in tables and link.rule != STAYS for link in self.links)


def _closure(tables: Iterable[Table], steps: Collection[tuple[Table, Table]]) -> set[Table]:
    found, seen = set(tables), 0
    while len(found) > seen:
        seen = len(found)
        found |= {end for start, end in steps if start in found}
    return found


_graphs: WeakKeyDictionary[registry, tuple[int, DeletionGraph]] = WeakKeyDictionary()
_registries: WeakSet[registry] = WeakSet()


@event.listens_for(SoftDelete, "after_mapper_constructed", propagate=True)
def _note_registry(mapper: Mapper[Any], class_: type[Any]) -> None:
    _registries.add(mapper.registry)


def graph_of(mapper: Mapper[Any]) -> DeletionGraph:
    """Return the graph of all tables that were declared together with a class."""
    mappers = list(mapper.registry.mappers)
    metadatas = {table.metadata for one in mappers for table in one.tables if isinstance(table, Table)}
    tables = [table for metadata in metadatas for table in metadata.tables.values()]
    size = len(mappers) + len(tables)  # classes may be declared later
    known = _graphs.get(mapper.registry)
    if known is None or known[0] != size:
        known = _graphs[mapper.registry] = (size, _graph(mappers, tables))
    return known[1]


def graph_of_tables(tables: Collection[Table]) -> DeletionGraph:
    """Return the graph of tables, by whatever classes they have."""
    metadatas = {table.metadata for table in tables}
    mappers = [mapper for one in list(_registries) for mapper in one.mappers]
    ours = [
        mapper for mapper in mappers if any(getattr(table, "metadata", None) in metadatas for table in mapper.tables)
    ]
    return _graph(ours, tables)


def _graph(mappers: Collection[Mapper[Any]], tables: Collection[Table]) -> DeletionGraph:
    rules = dict(_rules(mappers))
    links = tuple(
        DeletionLink(reference, _rule(reference, rules))
        for reference in references(tables)
        if mark_of(head_of(reference.parent)) is not None and not _is_inheritance(reference)
    )
    marked = [table for table in sorted(tables, key=lambda table: table.fullname) if mark_of(table) is not None]
    below: dict[Table, list[Table]] = {table: [] for table in marked}
    for link in links:
        if link.child in below:
            below[link.parent].append(link.child)
    return DeletionGraph(links, tuple(tuple(part) for part in reversed(list(components(below)))))


def _is_inheritance(reference: TableReference) -> bool:
    return any(above.table is reference.parent for above in tables_above(reference.child)[:1])


def _rule(reference: TableReference, rules: dict[frozenset[Any], str]) -> str:
    if reference.constraint.ondelete is None:
        return rules.get(frozenset(reference.pairs), FORBIDS)
    return _RULES.get(reference.on_delete, FORBIDS)


def _rules(mappers: Collection[Mapper[Any]]) -> Iterator[tuple[frozenset[Any], str]]:
    """Yield what the relationships do to the rows that refer to those of a class."""
    for mapper in mappers:
        for one in mapper.relationships:
            if one.direction is RelationshipDirection.ONETOMANY and not one.viewonly:
                pairs = frozenset((remote, local) for local, remote in one.local_remote_pairs or ())
                can_stay = one.passive_deletes != "all" and all(remote.nullable for remote, _ in pairs)
                if one.cascade.delete:
                    yield pairs, GOES
                elif can_stay:
                    yield pairs, STAYS
            elif one.direction is RelationshipDirection.MANYTOMANY and not one.viewonly:
                # The ORM would delete its rows; those without a mark stay, so that restoring finds them.
                is_marked = isinstance(one.secondary, Table) and mark_of(one.secondary) is not None
                yield frozenset((own, their) for their, own in one.synchronize_pairs), GOES if is_marked else STAYS
