"""What sizing needs to know of each key of an index: its type, widths and statistics, and how many values it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import Table
from pgwright.sizes.distinct import distinct_values
from pgwright.sizes.expressions import describe
from pgwright.sizes.widths import Widths, widths_of

# Equal values of these may differ in bytes, or their class does not say that they do not (btree's "equalimage").
_NOT_EQUAL_IMAGE = {
    "numeric", "float4", "float8", "interval", "jsonb", "citext", "tsvector", "tsquery", "hstore", "ltree",
    "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange", "record",
}  # fmt: skip
# DEFAULT_NUM_DISTINCT of src/include/utils/selfuncs.h, for a value of which nothing is known.
_UNKNOWN_DISTINCT = 200.0


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an index, or one included column."""

    name: str | None
    """None: an expression."""
    base_type: str
    widths: Widths
    known: ColumnStatistics | None
    distinct: float
    """In the whole table, NULL not counted."""

    @property
    def is_equal_image(self) -> bool:
        """True when equal values are equal in bytes, so that a B-tree may keep them once."""
        return self.base_type not in _NOT_EQUAL_IMAGE and not self.base_type.startswith("_")


def keys_of(definition: IndexDefinition, snapshot: Snapshot) -> list[Key]:
    """Return the keys of an index in order."""
    table = snapshot.table_by_name.get(definition.table)
    measured = _expression_statistics(definition, snapshot)
    found = []
    for key in definition.keys:
        if key.column is not None:
            found.append(_column_key(definition.table, key.column, table, snapshot))
        else:
            found.append(_expression_key(key.expression or "", next(measured, None), table, snapshot))
    return found


def included_of(definition: IndexDefinition, snapshot: Snapshot) -> list[Key]:
    """Return the included columns of an index."""
    table = snapshot.table_by_name.get(definition.table)
    return [_column_key(definition.table, column, table, snapshot) for column in definition.include]


def _column_key(name: QualifiedName, column: str, table: Table | None, snapshot: Snapshot) -> Key:
    known = snapshot.statistics_by_column.get((name, column))
    described = table.column_by_name.get(column) if table else None
    base_type = described.base_type if described else ""
    if table is None or known is None:
        return Key(column, base_type, widths_of(base_type, known), known, _UNKNOWN_DISTINCT)
    return Key(column, base_type, widths_of(base_type, known), known, distinct_values(table, column, known, snapshot))


def _expression_key(text: str, measured: ColumnStatistics | None, table: Table | None, snapshot: Snapshot) -> Key:
    columns = {column.name: column for column in table.columns} if table else {}
    statistics = {name: snapshot.statistics_by_column.get((table.name, name)) for name in columns} if table else {}
    guess = describe(text, columns, statistics, table.rows if table else 0.0)
    if measured is not None:
        rows = table.rows if table else 0.0
        return Key(None, guess.base_type, widths_of(guess.base_type, measured), measured, measured.distinct_count(rows))
    return Key(None, guess.base_type, guess.widths, guess.known, guess.distinct)


def _expression_statistics(definition: IndexDefinition, snapshot: Snapshot) -> Iterator[ColumnStatistics | None]:
    """Yield the statistics of each expression; they stand under the name of the index that has it, in their order."""
    own = snapshot.statistics_by_relation.get(QualifiedName(definition.table.schema, definition.name), ())
    if own:
        yield from own
        return
    for key in definition.keys:
        if key.column is None:
            yield measured_elsewhere(key.expression or "", definition.table, snapshot)


def measured_elsewhere(text: str, table: QualifiedName, snapshot: Snapshot) -> ColumnStatistics | None:
    """Return the statistics of an expression that an index of the table has already."""
    for index in snapshot.indexes_by_table.get(table, ()):
        expressions = [key.expression for key in index.definition.keys if key.column is None]
        measured = snapshot.statistics_by_relation.get(index.name, ())
        if text in expressions and len(measured) == len(expressions) and index.definition.predicate is None:
            return measured[expressions.index(text)]
    return None
