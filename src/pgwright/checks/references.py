"""Columns that must have one type, because a foreign key, a join or their name ties them together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from pgwright.checks.families import is_partition
from pgwright.model.change import DetachedKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import ForeignKey
from pgwright.workload.shaped import shaped_statements
from pgwright.workload.uses import compared_columns

ColumnName = tuple[QualifiedName, str]
Pair = tuple[ColumnName, ColumnName]
"""The referring column first, then the one it refers to."""


@dataclass(frozen=True)
class References:
    """What refers to what in a snapshot. Partitions and inheriting tables stand under their parent's name."""

    snapshot: Snapshot

    def owner(self, table: QualifiedName, column: str) -> ColumnName:
        """Return the topmost table that defines a column: those below it change with it."""
        known = self.snapshot.table_by_name
        parent = known[table].parent
        while parent is not None and parent in known and column in known[parent].column_by_name:
            table, parent = parent, known[parent].parent
        return table, column

    @cached_property
    def declared(self) -> tuple[Pair, ...]:
        """The pairs that foreign keys tie."""
        return tuple(pair for key in self.snapshot.foreign_keys if not key.is_inherited for pair in self._pairs(key))

    @cached_property
    def named(self) -> tuple[Pair, ...]:
        """Pairs that no foreign key ties, but a name: `user_id` and the key of `users`."""
        return tuple(self._by_name())

    @cached_property
    def implied(self) -> tuple[Pair, ...]:
        """The pairs of `named`, and those that a join of the workload ties."""
        return (*self.named, *self._by_join())

    @cached_property
    def compared(self) -> tuple[Pair, ...]:
        """Pairs that a statement of the workload compares, wherever that stands in it; in no order."""
        pairs = {(self.owner(*one), self.owner(*other)) for one, other in compared_columns(self.snapshot)}
        return tuple(sorted(pair for pair in pairs if pair[0] != pair[1]))

    @cached_property
    def _keys_by_column(self) -> dict[ColumnName, list[ForeignKey]]:
        found: dict[ColumnName, list[ForeignKey]] = {}
        for key in self.snapshot.foreign_keys:
            if not key.is_inherited:
                for column in dict.fromkeys(column for pair in self._pairs(key) for column in pair):
                    found.setdefault(column, []).append(key)
        return found

    def keys_at(self, columns: Iterable[ColumnName]) -> tuple[ForeignKey, ...]:
        """Return the foreign keys that begin or end at one of these columns."""
        keys = {(key.table, key.name): key for column in columns for key in self._keys_by_column.get(column, ())}
        return tuple(keys[place] for place in sorted(keys))

    def _pairs(self, key: ForeignKey) -> Iterator[Pair]:
        for column, referenced in zip(key.columns, key.referenced_columns, strict=True):
            yield self.owner(key.table, column), self.owner(key.referenced_table, referenced)

    def _by_name(self) -> Iterator[Pair]:
        declared = {referring for referring, _ in self.declared}
        for table in self.snapshot.tables:
            if table.kind not in ("table", "partitioned table") or is_partition(self.snapshot, table):
                continue
            for column in table.columns:
                source = self.owner(table.name, column.name)
                target = self._meant_by(table.name, column.name)
                if target is not None and source not in declared:
                    yield source, target

    def _meant_by(self, table: QualifiedName, column: str) -> ColumnName | None:
        """Return the one-column primary key of the table of the same schema that a column's name means."""
        if not column.endswith("_id"):
            return None
        stem = column.removesuffix("_id")
        for name in (stem, f"{stem}s", f"{stem}es", f"{stem.removesuffix('y')}ies"):
            found = self.snapshot.table_by_name.get(QualifiedName(table.schema, name))
            if found is not None and len(found.primary_key) == 1:
                return found.name, found.primary_key[0]
        return None

    def _by_join(self) -> Iterator[Pair]:
        for query in shaped_statements(self.snapshot):
            for block in query.shape.blocks:
                for join in block.joins:
                    yield (
                        self.owner(join.left.table, join.left.column),
                        self.owner(join.right.table, join.right.column),
                    )


def components(pairs: Iterable[Pair], alone: Iterable[ColumnName] = ()) -> list[list[ColumnName]]:
    """Group columns that pairs connect, directly or through others; `alone` are columns that no pair need name.

    >>> a, b, c = ((QualifiedName("public", name), "id") for name in "abc")
    >>> [[table.name for table, _ in group] for group in components([(b, a)], [c])]
    [['a', 'b'], ['c']]
    """
    group_of: dict[ColumnName, set[ColumnName]] = {column: {column} for column in alone}
    for left, right in pairs:
        merged = group_of.get(left, {left}) | group_of.get(right, {right})
        for column in merged:
            group_of[column] = merged
    groups = {id(group): group for group in group_of.values()}
    return sorted(sorted(group) for group in groups.values())


def detached(keys: Iterable[ForeignKey]) -> tuple[DetachedKey, ...]:
    """Return foreign keys as a change names them."""
    return tuple(DetachedKey(key.name, key.table, key.definition) for key in keys)
