"""What is known of a partitioned table's columns where only its leaves were analyzed: autovacuum does no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pgwright.model.statistics import ColumnStatistics, in_order

# As many as ANALYZE keeps by default: default_statistics_target.
_MOST_VALUES = 100


def of_all_leaves(leaves: Iterable[tuple[ColumnStatistics, float]]) -> ColumnStatistics | None:
    """Return the statistics of a column over all leaves, each given with its rows; None where no leaf has any.

    Shares are weighted by rows. Where the distinct values grow with the rows in each leaf they are taken to differ
    between leaves too. What has no order (elements, ranges) is that of the largest leaf.
    """
    known = [(statistics, max(rows, 1.0)) for statistics, rows in leaves]
    if not known:
        return None
    total = sum(rows for _, rows in known)
    largest, _ = max(known, key=lambda pair: pair[1])
    shares = [(one, rows / total) for one, rows in known]
    values, frequencies = _common(shares)
    histogram = _histogram(shares)
    return replace(
        largest,
        is_inherited=True,
        null_fraction=sum(one.null_fraction * share for one, share in shares),
        average_width=round(sum(one.average_width * share for one, share in shares)),
        distinct=_distinct(known, total, {*values, *histogram}),
        common_values=None if largest.common_values is None else values,
        common_frequencies=None if largest.common_frequencies is None else frequencies,
        histogram=histogram or None,
    )


def _distinct(known: Sequence[tuple[ColumnStatistics, float]], total: float, seen: set[str]) -> float:
    counts = [one.distinct_count(rows) for one, rows in known]
    if all(one.distinct < 0 for one, _ in known):
        return -min(sum(counts) / total, 1.0)
    return max(*counts, float(len(seen)))


def _common(shares: Sequence[tuple[ColumnStatistics, float]]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    found: dict[str, float] = {}
    for one, share in shares:
        for value, frequency in zip(one.common_values or (), one.common_frequencies or (), strict=False):
            found[value] = found.get(value, 0.0) + frequency * share
    most = sorted(found.items(), key=lambda pair: -pair[1])[:_MOST_VALUES]
    return tuple(value for value, _ in most), tuple(frequency for _, frequency in most)


def _histogram(shares: Sequence[tuple[ColumnStatistics, float]]) -> tuple[str, ...]:
    """Return bounds of all leaves, as many of each as it has rows."""
    found: dict[str, None] = {}
    for one, share in shares:
        bounds = one.histogram or ()
        wanted = max(2, round(share * _MOST_VALUES))
        step = max((len(bounds) - 1) / max(wanted - 1, 1), 1.0)
        found |= dict.fromkeys(bounds[round(place * step)] for place in range(int((len(bounds) - 1) // step) + 1))
    return in_order(tuple(found))
