"""How often keys repeat: the rows of an index as groups of keys that occur about equally often.

A column comes as its NULLs, its common values and the rest. Columns are combined as if they were independent, except
where unique keys or the order of the rows tell otherwise; of f rows that fall on k values, k·(1 - (1 - 1/k)^f) are hit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pgwright.model.index import IndexDefinition
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import Table
from pgwright.sizes.dependence import counted_combinations, most_combinations
from pgwright.sizes.distinct import fewest, unique_keys
from pgwright.sizes.expressions import moment_of
from pgwright.sizes.keys import Key
from pgwright.sizes.size import mentions

_LEAST_SHARE = 1e-6
# Keys that differ less in frequency than by this factor are one group.
_STEP = 4.0
_MOMENTS = {"date", "timestamp", "timestamptz"}
# Histograms of dates agree when they are less than a tenth of the span apart. They may still differ by a hundredth of
# it in single rows: of the two mistakes, too many distinct pairs is the dearer one.
_AGREEING, _LEAST_DISTANCE = 0.1, 0.01


@dataclass(frozen=True, slots=True)
class FrequencyGroup:
    """Keys that are about equally frequent."""

    share: float
    """Of all rows."""
    keys: float
    """Distinct ones."""
    nulls: int = 0
    """Which columns are NULL, a bit for each."""


def groups_of(
    keys: Sequence[Key], definition: IndexDefinition, table: Table, snapshot: Snapshot, rows: float
) -> tuple[tuple[FrequencyGroup, ...], tuple[float, ...]]:
    """Return the groups of an index's keys, and how many distinct values its first 1, 2, … columns have."""
    whole = max(table.rows, rows, 1.0)
    kept: tuple[FrequencyGroup, ...] = (FrequencyGroup(1.0, 1.0),)
    prefixes: list[float] = []
    columns = definition.columns
    unique = [set(key) for key in unique_keys(table.name, snapshot)]
    for position, key in enumerate(keys):
        own = _selected(key, definition.predicate, rows / whole, whole)
        width = min((_width(before, key) for before in keys[:position]), default=key.distinct)
        # The first column's keys were counted; combinations are drawn.
        kept = _combined(kept, own, rows, width / max(key.distinct, 1.0), position) if position else tuple(own)
        is_unique = definition.is_unique and position == len(keys) - 1
        is_fixed = is_unique or any(one <= set(columns[: position + 1]) for one in unique)
        if is_fixed:
            kept = tuple(g if g.nulls else FrequencyGroup(g.share, max(g.keys, g.share * rows)) for g in kept)
        elif len(columns) > position:
            kept = _at_least(kept, fewest(table, frozenset(columns[: position + 1]), snapshot) * rows / whole)
        if position and not is_fixed:
            kept = _at_least(kept, max(prefixes[-1], sum(group.keys for group in own)))
            kept = _bounded(kept, keys[: position + 1], table, snapshot, rows)
        prefixes.append(sum(group.keys for group in kept))
    return kept, tuple(prefixes)


@lru_cache(maxsize=16_384)
def column_groups(known: ColumnStatistics | None, distinct: float, rows: float) -> tuple[FrequencyGroup, ...]:
    """Return the groups of one column over the whole table."""
    if known is None:
        return (FrequencyGroup(1.0, max(distinct, 1.0)),)
    shares = known.common_frequencies or ()
    by_size: dict[int, list[float]] = {}
    for share in shares:
        by_size.setdefault(round(math.log(max(share * rows, 1.0), _STEP)), []).append(share)
    groups = [FrequencyGroup(sum(found), float(len(found))) for found in by_size.values()]
    rest = 1.0 - known.null_fraction - sum(shares)
    others = distinct - len(shares)
    if rest > _LEAST_SHARE and (others >= 1 or not shares):
        groups.append(FrequencyGroup(rest, max(others, 1.0)))
    if known.null_fraction > _LEAST_SHARE:
        groups.append(FrequencyGroup(known.null_fraction, 1.0, nulls=1))
    total = sum(group.share for group in groups) or 1.0
    return tuple(FrequencyGroup(group.share / total, group.keys, group.nulls) for group in groups)


def _selected(key: Key, predicate: str | None, share: float, rows: float) -> Sequence[FrequencyGroup]:
    """Return the groups of a column among the rows of a partial index.

    A predicate on other columns leaves each row with the same chance; one on this column leaves a part of its values.
    """
    groups = column_groups(key.known, key.distinct, rows)
    if predicate is None or share >= 1:
        return groups
    if key.name is not None and mentions(predicate, key.name):
        valued = [group for group in groups if not group.nulls] or list(groups)
        total = sum(group.share for group in valued)
        return [FrequencyGroup(g.share / total, max(1.0, g.keys * share / total), g.nulls) for g in valued]
    return [FrequencyGroup(g.share, _hit(g.keys, rows * g.share * share, rows * g.share), g.nulls) for g in groups]


def _hit(keys: float, drawn: float, rows: float) -> float:
    """Return how many keys of so many rows in all are among the rows drawn."""
    missed: float = (1 - min(drawn / max(rows, 1.0), 1.0)) ** max(rows / keys, 1.0)
    return keys * (1 - missed)


def _width(before: Key, key: Key) -> float:
    """Return how many values a column has beside one value of another, as far as both follow the order of the rows.

    Ranks correlate by 1 - 6·E[d²], d their distance as a share of the table; values spread evenly over sqrt(12)·d.
    Two dates of a row whose histograms agree (ordered, shipped) lie about as far apart as those do.
    """
    width = key.distinct
    if before.known is None or key.known is None:
        return width
    if before.known.correlation is not None and key.known.correlation is not None:
        together = abs(before.known.correlation * key.known.correlation)
        width = min(width, 1.0 + width * math.sqrt(2 * max(0.0, 1 - together)))
    if before.base_type in _MOMENTS and key.base_type in _MOMENTS:
        apart = _distance(before.known, key.known)
        if apart < _AGREEING:
            width = min(width, 1.0 + 2 * key.distinct * max(apart, _LEAST_DISTANCE))
    return width


@lru_cache(maxsize=1_024)
def _distance(one: ColumnStatistics, other: ColumnStatistics) -> float:
    """Return the average distance of two histograms of dates, as a share of their span; 1.0 when it is not known."""
    pairs = [
        (first, second)
        for a, b in zip(one.histogram or (), other.histogram or (), strict=False)
        if (first := moment_of(a)) is not None and (second := moment_of(b)) is not None
    ]
    if len(pairs) < 10 or len(one.histogram or ()) != len(other.histogram or ()):
        return 1.0
    span = max(pairs[-1]) - min(pairs[0])
    return sum(abs(first - second) for first, second in pairs) / len(pairs) / span if span > 0 else 1.0


def _combined(
    before: Sequence[FrequencyGroup], own: Sequence[FrequencyGroup], rows: float, narrowing: float, position: int
) -> tuple[FrequencyGroup, ...]:
    merged: dict[tuple[int, int], FrequencyGroup] = {}
    for one in before:
        each = rows * one.share / one.keys
        for other in own:
            share = one.share * other.share
            if share < _LEAST_SHARE:
                continue
            values = max(1.0, other.keys * narrowing)
            chance = min(1.0, other.share / values)
            hit = values * -math.expm1(max(each, 1.0) * math.log1p(-chance)) if chance < 1 else 1.0
            count = max(min(one.keys * hit, rows * share), 1.0)
            nulls = one.nulls | other.nulls << position
            mark = nulls, round(math.log(max(rows * share / count, 1.0), _STEP))
            same = merged.get(mark)
            merged[mark] = (
                FrequencyGroup(share + same.share, count + same.keys, nulls)
                if same
                else FrequencyGroup(share, count, nulls)
            )
    return tuple(merged.values()) or tuple(before)


def _at_least(groups: Sequence[FrequencyGroup], least: float) -> tuple[FrequencyGroup, ...]:
    total = sum(group.keys for group in groups)
    factor = max(1.0, least / total)
    return tuple(FrequencyGroup(group.share, group.keys * factor, group.nulls) for group in groups)


def _bounded(
    groups: tuple[FrequencyGroup, ...], keys: Sequence[Key], table: Table, snapshot: Snapshot, rows: float
) -> tuple[FrequencyGroup, ...]:
    """Return the groups with as many keys as is known, or at most as many as are possible."""
    total = sum(group.keys for group in groups)
    counted = counted_combinations(keys, table, snapshot)
    known = min(total, most_combinations(keys, table, snapshot)) if counted is None else counted
    if rows < table.rows:
        known = _hit(known, rows, table.rows) if known < total or counted is not None else total
    factor = min(known, rows) / total
    return tuple(FrequencyGroup(g.share, max(1.0, min(g.keys * factor, g.share * rows)), g.nulls) for g in groups)
