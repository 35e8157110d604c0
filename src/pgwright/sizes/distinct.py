"""How many distinct values a column has, corrected for what ANALYZE's sample cannot see.

ANALYZE draws 300 rows times the statistics target from as many blocks. Where equal values lie side by side, as line
items of one order do, a block gives several of them and the estimate of the distinct ones comes out several times too
small. What the unique keys say is exact and goes before.
"""

from __future__ import annotations

from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import Table

_SAMPLE_PER_TARGET = 300  # std_typanalyze in src/backend/commands/analyze.c
_DEFAULT_TARGET = 100
# Only where values follow the order of the rows this closely do equal ones lie side by side.
_SIDE_BY_SIDE = 0.99
_MOST_COMMON = 0.1  # of the rows
_MOST_BLOCKS = 4
# Groups differ in size: variance over squared mean. 1 to 7 line items an order have 0.25, equal groups 0.
_VARIATION = 0.2


def distinct_values(table: Table, column: str, known: ColumnStatistics, snapshot: Snapshot) -> float:
    """Return the number of distinct values of a column, NULL not counted."""
    rows = table.rows * (1 - known.null_fraction)
    if (column,) in unique_keys(table.name, snapshot):
        return max(rows, 1.0)
    found = _unclustered(known, table, snapshot)
    least = fewest(table, frozenset((column,)), snapshot)
    return max(1.0, min(max(found, least), rows, _referenced_rows(table.name, column, snapshot)))


def _referenced_rows(table: QualifiedName, column: str, snapshot: Snapshot) -> float:
    """Return how many values a foreign key allows."""
    found = [
        referenced.rows
        for key in snapshot.foreign_keys_by_table.get(table, ())
        if key.columns == (column,)
        and key.is_validated
        and (referenced := snapshot.table_by_name.get(key.referenced_table)) is not None
        and referenced.rows > 0
    ]
    return min(found, default=float("inf"))


def unique_keys(table: QualifiedName, snapshot: Snapshot) -> list[tuple[str, ...]]:
    """Return the columns of each unique index that covers the whole table."""
    return [
        index.definition.columns
        for index in snapshot.indexes_by_table.get(table, ())
        if index.definition.is_unique
        and index.is_valid
        and index.definition.predicate is None
        and len(index.definition.columns) == len(index.definition.keys)
    ]


def fewest(table: Table, columns: frozenset[str], snapshot: Snapshot) -> float:
    """Return the fewest distinct combinations that these columns can have.

    A unique key allows each combination as many rows as its other columns have combinations.
    """
    least = 1.0
    for key in unique_keys(table.name, snapshot):
        if columns <= set(key):
            others = 1.0
            for other in set(key) - columns:
                known = snapshot.statistics_by_column.get((table.name, other))
                others *= max(known.distinct_count(table.rows), 1.0) if known else table.rows
            least = max(least, table.rows / max(others, 1.0))
    return least


def is_side_by_side(known: ColumnStatistics) -> bool:
    """Tell whether equal values of a column stand next to each other in the table, in groups that are all small."""
    return abs(known.correlation or 0.0) >= _SIDE_BY_SIDE and sum(known.common_frequencies or ()) < _MOST_COMMON


def _unclustered(known: ColumnStatistics, table: Table, snapshot: Snapshot) -> float:
    """Return the distinct values that would have made ANALYZE find what it found."""
    found, rows = known.distinct_count(table.rows), table.rows
    setting = snapshot.setting_by_name.get("default_statistics_target")
    sampled = _SAMPLE_PER_TARGET * (int(setting.raw) if setting and setting.raw.isdigit() else _DEFAULT_TARGET)
    if not is_side_by_side(known) or table.pages <= sampled or not _fits_blocks(found, rows, table.pages):
        return found
    low, high = found, rows
    for _ in range(30):
        middle = (low * high) ** 0.5
        if _seen(middle, rows, table.pages, sampled) < found:
            low = middle
        else:
            high = middle
    return low


def _fits_blocks(found: float, rows: float, pages: int) -> bool:
    """Tell whether groups are of at least two rows, and of at most a few blocks."""
    return 2 <= rows / max(found, 1.0) <= _MOST_BLOCKS * rows / pages


def _seen(distinct: float, rows: float, pages: int, sampled: int) -> float:
    """Return the estimate of Haas and Stokes, n·d / (n - f1 + f1·n/N), for groups of equal rows that share a block.

    A block is in the sample with the chance q, a row of it then with the chance p. Of n rows sampled, d values are
    distinct and f1 occur once.
    """
    group = rows / distinct
    q, p = sampled / pages, pages / rows
    found = distinct * q * (1 - (1 - p) ** group)
    alone = (1 - p) ** (group * (1 + _VARIATION) - 1)
    return float(found / max(1 - alone * (1 - sampled / rows), 1e-9))
