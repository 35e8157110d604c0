"""By which columns statements fetch rows, as findings about loops name them."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.references import References
from pgwright.errors import UnparsableStatement
from pgwright.model.memo import once_a_snapshot
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import Schema, StatementShape, read_shape


def fetched_by(shape: StatementShape, snapshot: Snapshot) -> frozenset[str]:
    """Return `table (column)` for each column that a value is compared with, and `table (a, b)` for all of a table."""
    return frozenset(snapshot.describe(*named) for named in _compared(shape, References(snapshot)))


def text_fetched_by(text: str, snapshot: Snapshot) -> frozenset[str]:
    """Return the same of a statement's text; nothing of one that cannot be parsed."""
    try:
        return fetched_by(read_shape(text, _schema(snapshot)), snapshot)
    except UnparsableStatement:
        return frozenset()


def _compared(shape: StatementShape, references: References) -> Iterator[tuple[QualifiedName, tuple[str, ...]]]:
    for block in shape.blocks:
        by_table: dict[QualifiedName, list[str]] = {}
        for condition in block.conditions:
            if condition.operator == "=":
                table, column = references.owner(condition.column.table, condition.column.column)
                by_table.setdefault(table, []).append(column)
        for table, columns in by_table.items():
            yield from ((table, (column,)) for column in columns)
            yield table, tuple(columns)


@once_a_snapshot
def _schema(snapshot: Snapshot) -> Schema:
    return Schema.of(snapshot)
