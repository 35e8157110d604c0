"""What the planner knows of columns: `pg_stats`, as far as our role may read the tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pgwright.database import ReadOnlyDatabase, Row
from pgwright.model.index import Index
from pgwright.model.names import QualifiedName
from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import Table
from pgwright.snapshot.tables import PACKAGE

_RANGES_SHOWN_SINCE = 170_000


def read_statistics(
    database: ReadOnlyDatabase, tables: Iterable[Table], indexes: Iterable[Index], *, with_values: bool
) -> tuple[ColumnStatistics, ...]:
    """Return one value a column of the tables, and one an expression of the indexes; on request without samples."""
    with_expressions = (one for one in indexes if any(key.column is None for key in one.definition.keys))
    names = [*(one.name.name for one in tables), *(one.name.name for one in with_expressions)]
    # Where the encoding is not known, a name is not what the server calls it.
    parameters = {"names": names if database.has_encoding else None, "with_values": with_values}
    rows = database.read(PACKAGE, "statistics", parameters)
    # Sorted here: the server is the user's.
    known = tuple(sorted(map(column_statistics, rows), key=lambda one: (one.relation, one.column, one.is_inherited)))
    if database.version_number >= _RANGES_SHOWN_SINCE:
        return known
    ranges = _read_ranges(database, with_values=with_values)
    return tuple(replace(one, **ranges.get((one.relation, one.column, one.is_inherited), {})) for one in known)


def _read_ranges(database: ReadOnlyDatabase, *, with_values: bool) -> dict[tuple[QualifiedName, str, bool], Row]:
    """Return the fields of columns of ranges, of which only `pg_statistic` knows; nothing where we may not read it."""
    (row,) = database.query("SELECT has_table_privilege('pg_catalog.pg_statistic', 'SELECT') AS may_read")
    if not row["may_read"]:
        return {}
    rows = database.read(PACKAGE, "range_statistics", {"with_values": with_values})
    return {
        (QualifiedName(row.pop("schema"), row.pop("name")), row.pop("column"), row.pop("is_inherited")): row
        for row in rows
    }


def column_statistics(row: Row) -> ColumnStatistics:
    """Return a row of `pg_stats`, or of a view like it, as a value."""
    relation = QualifiedName(row.pop("schema"), row.pop("name"))
    values: Row = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return ColumnStatistics(relation=relation, **values)
