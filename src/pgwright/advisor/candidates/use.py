"""What one block of a statement asks of one table: the facts that every kind of candidate is made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from pgwright.advisor.goal import Goal
from pgwright.model.index import IndexKey
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import PAGE_BYTES, Table
from pgwright.sqltext import Block, Clause, Condition, Expression, Ordering, SortKey
from pgwright.workload.parameters import InferredValue

# A table of so few pages is read whole in less than it takes to descend an index and fetch a row.
SMALL_TABLE_PAGES = 4
# Beyond this an index tuple is no longer small against the row; a B-tree refuses keys over 2,704 bytes anyway.
MOST_KEY_BYTES = 200
_UNKNOWN_WIDTH = 8
_BYTEWISE = {"C", "POSIX", "C.UTF-8", "C.utf8", "ucs_basic"}
_NOT_SORTABLE = {
    "json", "jsonb", "xml", "point", "box", "path", "polygon", "circle", "line", "lseg", "vector", "halfvec",
    "sparsevec", "tsvector", "geometry", "geography", "xid", "aclitem",
}  # fmt: skip
STRINGS = {"text", "varchar", "bpchar", "citext", "name"}


def is_worth_indexing(table: Table) -> bool:
    """Tell whether a table has rows, enough of them, and storage of its own; a partitioned one has no pages."""
    is_large = table.pages > SMALL_TABLE_PAGES or not table.pages
    return table.kind != "foreign table" and is_large and table.rows > 0


def width(snapshot: Snapshot, table: QualifiedName, column: str) -> int:
    """Return the average bytes of a column's values."""
    known = snapshot.statistics_by_column.get((table, column))
    return known.average_width if known else _UNKNOWN_WIDTH


def row_bytes(snapshot: Snapshot, table: Table) -> float:
    """Return the bytes of a table per row, free space and headers included."""
    if table.pages:
        return table.pages * PAGE_BYTES / table.rows
    return float(sum(width(snapshot, table.name, column.name) for column in table.columns))


@dataclass(frozen=True, eq=False)
class TableUse:
    table: Table
    block: Block
    snapshot: Snapshot
    inferred: tuple[InferredValue, ...]
    goal: Goal

    @property
    def name(self) -> QualifiedName:
        return self.table.name

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Conjuncts with a value, and what the blocks around push down."""
        return tuple(c for c in self.block.conditions + self.block.lookups if c.column.table == self.name)

    @cached_property
    def branches(self) -> tuple[tuple[Condition, ...], ...]:
        ours = (tuple(c for c in branch if c.column.table == self.name) for branch in self.block.branches)
        return tuple(dict.fromkeys(branch for branch in ours if branch))

    @property
    def every_condition(self) -> Iterator[Condition]:
        return chain(self.conditions, *self.branches)

    @cached_property
    def equal(self) -> tuple[str, ...]:
        """Columns compared with a value for equality, the one with the most distinct values first."""
        return self.sorted_columns(
            c.column.column for c in self.block.conditions if c.column.table == self.name and c.operator in ("=", "in")
        )

    @cached_property
    def joined(self) -> tuple[str, ...]:
        """Columns that must equal what other tables tell, the one with the most distinct values first."""
        sides = (side for join in self.block.joins for side in (join.left, join.right))
        looked_up = (c.column for c in self.block.lookups if c.operator in ("=", "in"))
        return self.sorted_columns(side.column for side in chain(sides, looked_up) if side.table == self.name)

    @cached_property
    def ranges(self) -> tuple[str, ...]:
        return self.sorted_columns(
            c.column.column for c in self.conditions if c.operator == "range" or self.is_plain_prefix(c)
        )

    @cached_property
    def orderings(self) -> tuple[Ordering, ...]:
        return tuple(one for one in self.block.orderings if one.keys[0].column.table == self.name)

    @cached_property
    def expressions(self) -> tuple[Expression, ...]:
        return tuple(one for one in self.block.expressions if one.table == self.name)

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        return tuple(one for one in self.block.clauses if one.table == self.name)

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Every column that the block reads of the table; empty when it reads all of them."""
        if self.name in self.block.reads_all_of:
            return ()
        return tuple(dict.fromkeys(one.column for one in self.block.outputs if one.table == self.name))

    @cached_property
    def row_bytes(self) -> float:
        return row_bytes(self.snapshot, self.table)

    def width(self, column: str) -> int:
        return width(self.snapshot, self.name, column)

    def distinct(self, column: str) -> float:
        """Return the number of distinct values; 0 when it is not known."""
        known = self.snapshot.statistics_by_column.get((self.name, column))
        return known.distinct_count(self.table.rows) if known else 0.0

    def base_type(self, column: str) -> str:
        return self.table.column_by_name[column].base_type

    def is_bytewise(self, column: str) -> bool:
        """Tell whether the column's strings sort byte by byte, so that a plain B-tree finds a prefix."""
        own = self.table.column_by_name[column].collation
        return (own.strip('"').split(".")[-1].strip('"') if own else self.snapshot.server.collation) in _BYTEWISE

    def is_plain_prefix(self, condition: Condition) -> bool:
        is_pattern = condition.value is not None and condition.value[:1] in ("%", "_")
        return condition.operator == "like" and not is_pattern and self.is_bytewise(condition.column.column)

    def sorted_columns(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return sortable columns once each, the one with the most distinct values first."""
        own = (column for column in dict.fromkeys(columns) if self.is_sortable(column))
        return tuple(sorted(own, key=self.distinct, reverse=True))

    def is_sortable(self, column: str) -> bool:
        return column in self.table.column_by_name and self.base_type(column) not in _NOT_SORTABLE

    def keys(self, columns: Iterable[str]) -> tuple[IndexKey, ...]:
        return tuple(IndexKey(column) for column in columns)

    def sort_keys(self, keys: Iterable[SortKey], without: Sequence[str] = ()) -> tuple[IndexKey, ...]:
        """Return the keys of an order; ascending ones where all descend, for an index is read both ways.

        So the newest first and the oldest first ask for one and the same index.
        """
        left = [key for key in keys if key.column.column not in without]
        if all(key.is_descending and key.nulls_first in (None, True) for key in left):
            return self.keys(key.column.column for key in left)
        return tuple(IndexKey(key.column.column, None, key.is_descending, key.nulls_first) for key in left)

    def fits(self, keys: tuple[IndexKey, ...]) -> bool:
        """Tell whether so many keys are allowed, each can be sorted, and they are narrow enough."""
        columns = [key.column for key in keys if key.column is not None]
        if not 0 < len(keys) <= self.goal.most_keys or len(set(columns)) < len(columns):
            return False
        return all(map(self.is_sortable, columns)) and sum(map(self.width, columns)) <= MOST_KEY_BYTES
