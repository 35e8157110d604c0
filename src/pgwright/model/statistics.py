"""What the planner knows of the values: of single columns, and of several together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pgwright.model.names import QualifiedName

StatisticsKind = Literal["ndistinct", "dependencies", "mcv", "expressions"]


@dataclass(frozen=True)
class ColumnStatistics:
    """One row of `pg_stats`. Values are in text form; all value fields are None when they were left out on request."""

    relation: QualifiedName
    """A table, or an index when the statistics are of an index expression."""
    column: str
    is_inherited: bool
    null_fraction: float
    average_width: int
    distinct: float
    """`n_distinct`: a count when positive, minus a share of the rows when negative."""
    correlation: float | None
    common_values: tuple[str, ...] | None
    common_frequencies: tuple[float, ...] | None
    histogram: tuple[str, ...] | None
    common_elements: tuple[str, ...] | None = None
    common_element_frequencies: tuple[float, ...] | None = None
    element_count_histogram: tuple[float, ...] | None = None
    range_length_histogram: str | None = None
    range_empty_fraction: float | None = None
    range_bounds_histogram: str | None = None

    @property
    def sample(self) -> tuple[str, ...]:
        """Every value that the statistics hold, common ones first."""
        return (self.common_values or ()) + (self.histogram or ())

    def distinct_count(self, rows: float) -> float:
        """Number of distinct values in a table of so many rows."""
        return self.distinct if self.distinct >= 0 else -self.distinct * rows


def in_order(values: Iterable[str]) -> tuple[str, ...]:
    """Return values in order: numbers by value, all else as text, which is right for dates too.

    >>> in_order(["10", "9"]), in_order(["b", "a", "10"])
    (('9', '10'), ('10', 'a', 'b'))
    """
    every = tuple(values)
    try:
        return tuple(sorted(every, key=float))
    except ValueError:
        return tuple(sorted(every))


@dataclass(frozen=True)
class DistinctCombinations:
    """How many different values several keys of an ExtendedStatistics have together."""

    keys: tuple[int, ...]
    """Places among its columns and expressions, from 0."""
    count: float


@dataclass(frozen=True)
class Dependency:
    """How far some keys of an ExtendedStatistics fix another one."""

    keys: tuple[int, ...]
    """Places among its columns and expressions, from 0; the last key depends on the others."""
    degree: float
    """In [0, 1]: the share of rows for which it holds."""


@dataclass(frozen=True)
class CommonCombination:
    """A common combination of values of all keys of an ExtendedStatistics."""

    values: tuple[str | None, ...]
    """In text form, one a key; None for NULL."""
    frequency: float
    """Share of the rows."""
    base_frequency: float
    """What the share would be if the keys were independent."""


@dataclass(frozen=True)
class ExtendedStatistics:
    """What one CREATE STATISTICS object knows; on a parent table there is one for it alone, one with its children."""

    name: QualifiedName
    table: QualifiedName
    kinds: tuple[StatisticsKind, ...]
    columns: tuple[str, ...]
    expressions: tuple[str, ...]
    """SQL text. The object's keys are its columns, then its expressions."""
    is_inherited: bool
    is_readable: bool
    """False: only the table's owner may read the values."""
    distinct: tuple[DistinctCombinations, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    common: tuple[CommonCombination, ...] = ()
    """Empty also when sample values were left out on request."""
    expression_statistics: tuple[ColumnStatistics | None, ...] = ()
    """One an expression; None: never analyzed."""
