"""Partitioned tables and indexes as one: the head that people name, and the leaves that hold the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pgwright.model.index import Index
from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import Table


@dataclass(frozen=True)
class TableFamily:
    """A table that is no partition, with the tables that hold its rows: itself, or its partitions."""

    head: Table
    leaves: tuple[Table, ...]

    @property
    def name(self) -> QualifiedName:
        return self.head.name

    @property
    def is_partitioned(self) -> bool:
        return self.head.kind == "partitioned table"

    @cached_property
    def rows(self) -> float:
        return sum(leaf.rows for leaf in self.leaves)

    @cached_property
    def total_bytes(self) -> int:
        return sum(leaf.total_bytes for leaf in self.leaves)

    @cached_property
    def heap_bytes(self) -> int:
        return sum(leaf.heap_bytes for leaf in self.leaves)


def alone(table: Table) -> TableFamily:
    """Return a partition as if it were a table of its own."""
    return TableFamily(table, (table,))


@once_a_snapshot
def families(snapshot: Snapshot) -> dict[QualifiedName, TableFamily]:
    """Return every table that is no partition, by name; foreign tables and materialised views too."""
    children: dict[QualifiedName, list[Table]] = {}
    for table in snapshot.tables:
        if is_partition(snapshot, table) and table.parent is not None:
            children.setdefault(table.parent, []).append(table)
    return {
        table.name: TableFamily(table, tuple(_leaves(table, children)))
        for table in snapshot.tables
        if not is_partition(snapshot, table)
    }


def is_partition(snapshot: Snapshot, table: Table) -> bool:
    """Tell a partition from a table that inherits in the old way."""
    parent = snapshot.table_by_name.get(table.parent) if table.parent else None
    return parent is not None and parent.kind == "partitioned table"


def _leaves(table: Table, children: dict[QualifiedName, list[Table]]) -> Iterator[Table]:
    if table.kind != "partitioned table":
        yield table
    for child in children.get(table.name, ()):
        yield from _leaves(child, children)


def column_statistics(snapshot: Snapshot, family: TableFamily, column: str) -> tuple[ColumnStatistics, ...]:
    """Return the statistics of a column: of the whole table, or of each partition where only those were analyzed.

    Nothing where those of one of the partitions are hidden: the others do not tell of the whole.
    """
    own = [
        row
        for row in snapshot.statistics_by_relation.get(family.name, ())
        # Those of a table and what inherits from it tell of rows that the family does not have.
        if row.column == column and (family.is_partitioned or not row.is_inherited)
    ]
    if own:
        return (max(own, key=lambda row: row.is_inherited),)
    if any(snapshot.unread("statistics", leaf.name) is not None for leaf in family.leaves):
        return ()
    found = [snapshot.statistics_by_column.get((leaf.name, column)) for leaf in family.leaves]
    return tuple(row for row in found if row is not None and (family.is_partitioned or not row.is_inherited))


@dataclass(frozen=True)
class IndexFamily:
    """An index that hangs on no other, with those that hold its entries: itself, or its partitions' indexes."""

    head: Index
    leaves: tuple[Index, ...]

    @cached_property
    def scans(self) -> int:
        return sum(index.scans for index in self.leaves)

    @cached_property
    def size_bytes(self) -> int:
        return sum(index.size_bytes for index in self.leaves)


@once_a_snapshot
def index_families(snapshot: Snapshot) -> dict[QualifiedName, tuple[IndexFamily, ...]]:
    """Return the indexes of each table that hang on no other index."""
    children: dict[QualifiedName, list[Index]] = {}
    for index in snapshot.indexes:
        if index.parent is not None:
            children.setdefault(index.parent, []).append(index)
    found: dict[QualifiedName, list[IndexFamily]] = {}
    for index in snapshot.indexes:
        if index.parent is None:
            found.setdefault(index.table, []).append(IndexFamily(index, tuple(_index_leaves(index, children))))
    return {table: tuple(indexes) for table, indexes in found.items()}


def _index_leaves(index: Index, children: dict[QualifiedName, list[Index]]) -> Iterator[Index]:
    if index.name not in children:
        yield index
    for child in children.get(index.name, ()):
        yield from _index_leaves(child, children)
