"""Values that the team has made partial indexes for: a statement that such an index serves asks for its value.

`WHERE status = $1` may ask for any status. Where an index `(…) WHERE status = 'open'` is there, is used, and begins
with what the statement looks for, the statement is one that it was made for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgwright.indexes.predicates import OneOf, Truth, read_predicate
from pgwright.model.index import Index
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import Block, ColumnUse, StatementShape


@dataclass(frozen=True)
class IndexedValue:
    """A parameter with the value that a partial index names for its column."""

    column: ColumnUse
    parameter: int
    value: str


def indexed_values(shape: StatementShape, snapshot: Snapshot) -> Iterator[IndexedValue]:
    """Yield the parameters whose value partial indexes give away; one for which they name several is left out."""
    for block in shape.blocks:
        compared = [one for one in block.conditions if one.operator == "=" and one.parameter is not None]
        for condition in compared:
            values = {
                value
                for index in _serving(block, condition.column.table, snapshot)
                for column, value in _named_by(index, snapshot)
                if column == condition.column.column
            }
            if len(values) == 1 and condition.parameter is not None:
                yield IndexedValue(condition.column, condition.parameter, values.pop())


def _serving(block: Block, table: QualifiedName, snapshot: Snapshot) -> Iterator[Index]:
    """Yield the partial indexes in use that begin with a column which a block looks for or orders by."""
    ends = [end for join in block.joins for end in (join.left, join.right)]
    uses = [*(one.column for one in block.conditions), *(one.column for one in block.order_by), *ends]
    columns = {use.column for use in uses if use.table == table}
    is_partitioned = table in snapshot.partitions_by_table  # whose scans are counted in the parts
    for index in snapshot.indexes_by_table.get(table, ()):
        is_used = index.is_valid and (index.scans > 0 or is_partitioned)
        if index.definition.predicate is not None and is_used and index.definition.keys[0].column in columns:
            yield index


def _named_by(index: Index, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for one in read_predicate(index.definition.predicate, snapshot.table_by_name[index.table]):
        if isinstance(one, OneOf) and len(one.values) == 1:
            yield one.column, str(next(iter(one.values)))
        elif isinstance(one, Truth):
            yield one.column, "t" if one.value else "f"
