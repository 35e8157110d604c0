"""What a run would do: which partitions are due, which are missing, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pgwright_runtime._sql import quoted
from pgwright_runtime.retention.partitions.catalog import FoundRelation, Partition, PartitionedTable
from pgwright_runtime.retention.partitions.keys import BEGINNING, END
from pgwright_runtime.retention.partitions.names import default_format, name_for, pattern_of
from pgwright_runtime.retention.partitions.periods import Periods

# More than these at once are a mistake in the policy or a clock that jumped.
MOST_NEW = 1_000


@dataclass(frozen=True)
class NewPartition:
    """A partition to be made, `lower` inclusive, `upper` exclusive."""

    schema: str
    name: str
    lower: datetime
    upper: datetime

    def __str__(self) -> str:
        return quoted(self.name, self.schema)


@dataclass(frozen=True)
class PartitionPlan:
    """What a run would do at this moment, and nothing of it is done."""

    table: FoundRelation
    moment: datetime
    """Now, as the table's key has moments."""
    cutoff: datetime | None
    """A partition is due when it ends here or before; None: none ever is."""
    detach: tuple[Partition, ...]
    """Oldest first; those with rows on hold are among them."""
    finalize: tuple[Partition, ...]
    """Whose detachment was interrupted."""
    drop: tuple[FoundRelation, ...]
    """Detached by an earlier run that did not come to drop them."""
    drops: bool
    """False: what is detached stays as a table."""
    create: tuple[NewPartition, ...]
    notes: tuple[str, ...]
    """What a person should know."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The plan in words, a line for each step."""
        return (
            *(f"create {new}, from {new.lower} to {new.upper}" for new in self.create),
            *(f"finish detaching {one}" for one in self.finalize),
            *(f"detach {one}, which ends at {one.upper}{', and drop it' * self.drops}" for one in self.detach),
            *(f"drop {one}, detached before" for one in self.drop),
            *self.notes,
        )


def make_plan(
    table: PartitionedTable, periods: Periods, keep: timedelta | None, ahead: int, now: datetime, *, drops: bool
) -> PartitionPlan:
    """Compare what there is with what should be."""
    moment = table.key.moment(now)
    cutoff = None if keep is None else moment - keep
    due = [one for one in table.partitions if cutoff is not None and one.upper <= cutoff]
    notes = list(_notes(table, periods))
    create = tuple(missing(table, _anchored(table, periods), moment, cutoff, ahead))
    if due and len(due) == len(table.partitions):
        notes.append(
            f"every partition of {table.relation} is due, so nothing is made or detached. Is the clock right? It says "
            f"{now:%Y-%m-%d}. If it is, make the partition of today by hand, and run this again"
        )
        due, create = [], ()
    if len(create) > MOST_NEW:
        notes.append(f"{len(create)} partitions of {table.relation} are missing, of which {MOST_NEW} are made")
    return PartitionPlan(
        table=table.relation,
        moment=moment,
        cutoff=cutoff,
        detach=tuple(due),
        finalize=table.pending,
        drop=table.marked if drops else (),
        drops=drops,
        create=create[:MOST_NEW],
        notes=tuple(notes),
    )


def _notes(table: PartitionedTable, periods: Periods) -> Iterator[str]:
    if table.references:
        yield (
            f"foreign keys refer to {table.relation}: {', '.join(table.references)}. "
            "A partition stays as long as rows refer to its rows"
        )
    if table.default is not None and table.default.heap_bytes:
        yield (
            f"the DEFAULT partition {table.default.relation} is not empty: a partition was missing when its rows came, "
            "or their time is far off. Its rows are never due"
        )
    newest = table.pattern
    anchored = _anchored(table, periods)
    if newest is not None and newest.upper != END and table.key.floor(anchored, newest.upper) != newest.upper:
        yield (
            f"{newest.relation} ends at {newest.upper}, between two borders of every={periods.every!r} in "
            f"{table.key.zone}. The next partition goes from there to the next border; if borders should lie where "
            "this one ends, change the policy's zone"
        )


def _anchored(table: PartitionedTable, periods: Periods) -> Periods:
    """Keep weeks on the weekday, and lengths of time at the moment, at which those that exist begin."""
    newest = table.pattern
    if newest is None or newest.upper == END or periods.every in ("day", "month", "year"):
        return periods
    is_local = table.key.has_zone and periods.every == "week"
    return replace(periods, anchor=table.key.wall(newest.upper) if is_local else newest.upper)


def missing(
    table: PartitionedTable, periods: Periods, now: datetime, cutoff: datetime | None, ahead: int
) -> Iterator[NewPartition]:
    """Yield the partitions of this period and the next ones, and those missing between partitions that exist."""
    key = table.key
    current = end = key.floor(periods, now)
    for _ in range(ahead + 1):
        end = key.after(periods, end)
    first = min((one.lower for one in table.partitions if one.lower != BEGINNING), default=current)
    first = min((one.upper for one in table.partitions if one.lower == BEGINNING), default=first)
    # What is older than the cutoff would be dropped again.
    start = min(first, current) if cutoff is None else min(max(first, key.floor(periods, cutoff)), current)
    taken = set(table.taken)
    pattern = _pattern(table, periods)
    for lower, upper in _gaps(table, start, end):
        begin = lower
        while begin < upper:
            border = min(key.after(periods, begin), upper)
            name = name_for(pattern, key.wall(begin), taken)
            taken.add(name)
            yield NewPartition(table.relation.schema, name, begin, border)
            begin = border


def _pattern(table: PartitionedTable, periods: Periods) -> tuple[str, str, str]:
    # A partition may begin off the border, as the first one made: look at the newest that tells.
    for one in reversed(table.partitions):
        if one.lower != BEGINNING:
            found = pattern_of(one.relation.name, table.key.wall(one.lower), periods.every)
            if found is not None:
                return found
    return f"{table.relation.name}_p", default_format(periods.every), ""


def _gaps(table: PartitionedTable, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    at = start
    for one in table.partitions:
        if one.lower >= end:
            break
        if one.lower > at:
            yield at, one.lower
        at = max(at, one.upper)
    if at < end:
        yield at, end


def ranges_to_fill(table: PartitionedTable, create: Sequence[NewPartition], now: datetime) -> Iterator[NewPartition]:
    """Yield the ranges up to now, or to the border after it, that no partition covers, each as one partition."""
    past = [new for new in create if new.lower <= now]
    while past:
        length = next((at for at in range(1, len(past)) if past[at - 1].upper != past[at].lower), len(past))
        lower = past[0].lower if table.partitions else BEGINNING
        yield replace(past[0], lower=lower, upper=past[length - 1].upper)
        past = past[length:]
