"""What of a set that was found is worth having: weak indexes go, and each gets as wide as pays, and no wider.

Where the workload has times, worth is measured time; else it is planned cost.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from pgwright.advisor.field import Field
from pgwright.advisor.pricer import members
from pgwright.advisor.search import Found
from pgwright.advisor.worth import has_times, marginal_worths, worth_of_change
from pgwright.indexes.coverage import searches_as
from pgwright.model.table import PAGE_BYTES
from pgwright.model.worth import MEDIUM_SECONDS, MEDIUM_SHARE, Worth
from pgwright.twin.candidates import Candidate

# An index that saves less than this share is worth having only where it makes a statement cheaper by this factor.
_SMALL_SHARE, _NOTABLY, _NEARLY_ALL = 0.0005, 0.8, 0.2
# A core reads some ten million rows a second: what takes longer reads hundreds, and more as the table grows.
_GROWING_MS = 0.05
# A further column to search or sort by stays where it spares a statement so much.
_SLIGHTLY = 0.95
# Below this share it is not worth having at all: nobody would notice it.
_NEGLIGIBLE_SHARE = 1e-5
# A wider index is taken in the place of a narrow one up to so many times its size.
_MUCH_LARGER = 10.0


def refined(field: Field, found: Found, forbidden: int, until: float) -> Found:
    """Return what is worth having of a set that was found; what was not tried until then stays as it is."""
    if field.goal.least_gain is not None:  # the team says what is worth having
        return found
    found = _without_weak(field, found)
    if field.goal.budget_bytes is None:
        found = _narrowed(field, _widened(field, found, forbidden, until), forbidden, until)
        found = _within_tables(field, found, forbidden)
    return _without_weak(field, found)


def _without_weak(field: Field, found: Found) -> Found:
    """Drop what saves next to nothing and makes no statement notably faster, the weakest first."""
    chosen = found.chosen
    while weak := _weak(field, chosen):
        # Half of them at a time, for two may stand in for each other.
        for one in weak[: (len(weak) + 1) // 2]:
            chosen &= ~(1 << one)
        chosen = field.terms.with_stand_ins(chosen)
    return replace(found, chosen=chosen)


def _weak(field: Field, chosen: int) -> list[int]:
    losses = field.losses(chosen)
    if has_times(field):
        worths = marginal_worths(field, losses)
        weak = [one for one in losses if not _is_worth_having(worths[one], losses[one].ratio)]
        return sorted(weak, key=lambda one: worths[one].saved_ms)
    ordered = sorted(losses, key=lambda one: losses[one].cost)
    return [
        one
        for one in ordered
        if losses[one].cost < (_SMALL_SHARE if losses[one].ratio > _NOTABLY else _NEGLIGIBLE_SHARE) * field.base
    ]


def _is_worth_having(worth: Worth, ratio: float) -> bool:
    """Tell whether an index is; what makes no statement notably faster has to save a notable part of a day.

    One that spares a statement nearly all of its reading is, even where that takes no time yet: the table will grow.
    """
    if ratio <= _NEARLY_ALL and worth.saved_a_call_ms >= _GROWING_MS:
        return worth.share_of_workload >= _NEGLIGIBLE_SHARE
    if ratio <= _NOTABLY:
        return worth.is_notable
    a_day = worth.seconds_a_day if worth.has_rate else None
    is_large = worth.share_of_workload >= MEDIUM_SHARE if a_day is None else a_day >= MEDIUM_SECONDS
    return worth.is_notable and is_large


def _pays(field: Field, chosen: int, changed: int, further: Candidate, ratio: float) -> bool:
    """Tell whether a change makes a statement notably faster: to this ratio of its planned cost.

    Columns that an index only carries have to save a notable part of a day; those that it searches or sorts by stay
    useful when rows become more.
    """
    if not field.is_notable(chosen, changed, ratio):
        return False
    if not further.definition.include or not has_times(field):
        return True
    return worth_of_change(field, chosen, changed).severity != "low"


def _widened(field: Field, found: Found, forbidden: int, until: float) -> Found:
    """Exchange an index for one that begins with its keys where that pays.

    The wider one saves a sort, say: little beside the whole workload, and much for that statement.
    """
    chosen = found.chosen
    for one in members(chosen & ~field.existing):
        taken, others = field.candidates[one], chosen & ~(1 << one)
        for rival in _rivals(field, taken, forbidden, is_wider=True):
            if rival.size.size_bytes > _MUCH_LARGER * taken.size.size_bytes:
                continue
            if time.monotonic() > until:
                return replace(found, chosen=chosen)
            exchanged = others | 1 << rival.number
            more_writes = field.write_costs[rival.number] - field.write_costs[one]
            is_cheaper = field.cost(exchanged, like=chosen) + more_writes < field.cost(chosen)
            if is_cheaper and _pays(field, chosen, exchanged, rival, _NOTABLY):
                chosen, taken, one = exchanged, rival, rival.number
    return replace(found, chosen=chosen)


def _narrowed(field: Field, found: Found, forbidden: int, until: float) -> Found:
    """Exchange an index for the smallest one that it begins with where its further columns do not pay."""
    chosen = found.chosen
    for one in members(chosen & ~field.existing):
        taken, others = field.candidates[one], chosen & ~(1 << one)
        for rival in _rivals(field, taken, forbidden, is_wider=False):
            if time.monotonic() > until:
                return replace(found, chosen=chosen)
            exchanged = others | 1 << rival.number
            field.plans(exchanged, like=chosen)
            ratio = _NOTABLY if taken.definition.include else _SLIGHTLY
            if not _pays(field, exchanged, chosen, taken, ratio):
                chosen = exchanged
                break
    return replace(found, chosen=chosen)


def _within_tables(field: Field, found: Found, forbidden: int) -> Found:
    """Narrow the largest indexes of a table whose new ones together are larger than the table itself."""
    chosen = found.chosen
    for candidates in field.candidates_of.values():
        new = [one for one in candidates if chosen >> one.number & 1 and not field.existing >> one.number & 1]
        name = candidates[0].definition.table
        room = sum(leaf.pages for leaf in field.snapshot.leaves(name)) * PAGE_BYTES
        for taken in sorted(new, key=lambda one: -one.size.size_bytes):
            rival = next(_rivals(field, taken, forbidden, is_wider=False), None)
            if rival is not None and sum(one.size.size_bytes for one in new) > room:
                chosen = chosen & ~(1 << taken.number) | 1 << rival.number
                new = [one for one in new if one is not taken] + [rival]
    return replace(found, chosen=chosen)


def _rivals(field: Field, taken: Candidate, forbidden: int, *, is_wider: bool) -> Iterator[Candidate]:
    """Yield the new indexes that begin with the keys of one, or that it begins with: of those the smallest first."""
    table = field.snapshot.table_by_name[taken.definition.table]
    for rival in sorted(field.candidates_of[taken.definition.table], key=lambda one: one.size.size_bytes):
        if rival is taken or (forbidden | (0 if is_wider else field.existing)) >> rival.number & 1:
            continue
        wide, narrow = (rival, taken) if is_wider else (taken, rival)
        if searches_as(wide.definition, narrow.definition, table) and (
            is_wider or rival.size.size_bytes < taken.size.size_bytes
        ):
            yield rival
