"""Which share of the rows lies before a moment, from the statistics of a column."""

from __future__ import annotations

from datetime import datetime

from pgwright.checks.ages import FAR_FUTURE, FAR_PAST, moment
from pgwright.checks.time_marks import EARLIEST, TimeMark
from pgwright.model.statistics import ColumnStatistics


def share_between(statistics: ColumnStatistics, mark: TimeMark, limit: datetime) -> float | None:
    """Return the share of all rows from `EARLIEST` up to a moment, without the values that are no moment."""
    before, early = share_before(statistics, limit), share_before(statistics, EARLIEST)
    if before is None or early is None:
        return None
    common = zip(statistics.common_values or (), statistics.common_frequencies or (), strict=True)
    chosen = sum(
        frequency
        for value, frequency in common
        if value in mark.sentinels and (at := moment(value)) is not None and EARLIEST <= at < limit
    )
    return max(0.0, before - early - chosen)


def share_before(statistics: ColumnStatistics, limit: datetime) -> float | None:
    """Return the share of all rows whose value lies before a moment, in [0, 1]; None without values.

    Common values count by their frequency. The rest is spread evenly over the histogram's bins, and within the bin
    that the limit falls into.
    """
    if statistics.null_fraction == 1:
        return 0.0
    frequencies = statistics.common_frequencies or ()
    common = list(zip(map(moment, statistics.common_values or ()), frequencies, strict=True))
    bounds = [bound for bound in map(moment, statistics.histogram or ()) if bound is not None]
    if not common and len(bounds) < 2:
        return None
    rest = max(0.0, 1 - statistics.null_fraction - sum(frequencies)) if len(bounds) >= 2 else 0.0
    return sum(part for at, part in common if at is not None and at < limit) + rest * _position(bounds, limit)


def _position(bounds: list[datetime], limit: datetime) -> float:
    """Return how far into an equi-depth histogram a moment lies, in [0, 1]."""
    below = sum(bound < limit for bound in bounds)
    if len(bounds) < 2 or below == 0:
        return 0.0
    if below == len(bounds):
        return 1.0
    low, high = bounds[below - 1], bounds[below]
    # As the planner does: half of a bin that has no end.
    within = 0.5 if low == FAR_PAST or high == FAR_FUTURE else (limit - low) / (high - low)
    return (below - 1 + within) / (len(bounds) - 1)
