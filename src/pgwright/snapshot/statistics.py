"""What the planner knows of columns: `pg_stats`, as far as our role may read the tables."""

from __future__ import annotations

from pgwright.database import ReadOnlyDatabase, Row
from pgwright.model.names import QualifiedName
from pgwright.model.statistics import ColumnStatistics
from pgwright.snapshot.tables import PACKAGE


def read_statistics(database: ReadOnlyDatabase, *, with_values: bool) -> tuple[ColumnStatistics, ...]:
    """Return one value a column; without sample values when they are not wanted."""
    rows = database.read(PACKAGE, "statistics", {"with_values": with_values})
    return tuple(column_statistics(row) for row in rows)


def column_statistics(row: Row) -> ColumnStatistics:
    """Return a row of `pg_stats`, or of a view like it, as a value."""
    relation = QualifiedName(row.pop("schema"), row.pop("name"))
    values: Row = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return ColumnStatistics(relation=relation, **values)
