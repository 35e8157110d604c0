"""How often a statement is expected to run that fetches for the rows of another one."""

from __future__ import annotations

from dataclasses import dataclass

from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics
from pgwright.sizes.distinct import distinct_values
from pgwright.workload.selects import Select


@dataclass(frozen=True)
class Expected:
    """Calls that the rows of a statement explain."""

    of_rows: float
    """Where each row is fetched for: rows without NULL in the columns."""
    of_values: float
    """Where a session remembers what it fetched by a key, as SQLAlchemy's does: once for each value in a call's rows.
    Equal to `of_rows` where nothing is known of the values."""


@dataclass(frozen=True, eq=False)
class RowSource:
    """A statement for whose rows another one may run, and how often that explains."""

    select: Select
    of_rows: float
    of_values: float
    """Both as in `Expected`."""
    calls: int
    """Of the statement; where it runs in a loop itself, of the lists behind it."""


def expected_calls(select: Select, table: QualifiedName, columns: tuple[str, ...], snapshot: Snapshot) -> Expected:
    """Return how often the rows of a statement explain a fetch by the values in some columns.

    The rows of a call count as drawn at random from the table: with rows r a call and shares f of the values, a call
    holds the sum of 1 - (1 - f)^r different ones. A call that finds related rows holds fewer.
    """
    known = [snapshot.statistics_by_column.get((table, column)) for column in columns]
    found = [one for one in known if one is not None]
    filled = 1.0
    for one in found:
        filled *= 1 - one.null_fraction
    of_rows = select.rows * filled
    if len(found) < len(columns) or not select.calls or not of_rows:
        return Expected(of_rows, of_rows)
    a_call = of_rows / select.calls
    values = _values_in(a_call, table, columns, found, snapshot)
    return Expected(of_rows, min(of_rows, select.calls * values))


def _values_in(
    rows: float, table: QualifiedName, columns: tuple[str, ...], known: list[ColumnStatistics], snapshot: Snapshot
) -> float:
    """Return how many different combinations of values so many rows of a table hold."""
    whole = snapshot.table_by_name[table]
    if whole.primary_key and set(whole.primary_key) <= set(columns):
        return rows
    distinct = 1.0
    for column, one in zip(columns, known, strict=True):
        distinct *= distinct_values(whole, column, one, snapshot)
    common = (known[0].common_frequencies or ()) if len(known) == 1 else ()
    filled = 1 - known[0].null_fraction
    shares = [min(frequency / filled, 1.0) for frequency in common] if filled else []
    found = sum(_chance_of(share, rows) for share in shares)
    rest = max(distinct - len(shares), 0.0)
    left = max(1 - sum(shares), 0.0)
    return found + (rest * _chance_of(min(left / rest, 1.0), rows) if rest >= 1 else 0.0)


def _chance_of(share: float, rows: float) -> float:
    """Return the chance that a value of such a share is among so many rows."""
    return 1 - float((1 - share) ** rows)
