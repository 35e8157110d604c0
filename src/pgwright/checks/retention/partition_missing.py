"""Find tables partitioned by time whose next partition is missing.

## What it does

Reads the bounds of the partitions of each table that is partitioned by ranges of a moment, and compares the last one
with the moment of reading: whether it takes the rows of now, and those of the period that comes next.

## Why it matters

A row without a partition is an error in the app, at midnight of the first of the month. Where a DEFAULT partition
takes such rows, it grows, is never dropped, and each new partition has to search it under a lock.

## Example

    CREATE TABLE event_2026_12 PARTITION OF event  -- by hand, on 31 December
    FOR VALUES FROM ('2026-12-01') TO ('2027-01-01');

Use instead:

    events = Partitions(Event, "created_at", every="month", keep=timedelta(days=365), ahead=3)
    Retention([events]).run(engine)  -- every night

## When it is wrong

Archives that nobody writes to any more. Partitions that a job makes in the last hours of a period, where that job is
known to run.

## Source

PostgreSQL manual, Table Partitioning
(https://www.postgresql.org/docs/current/ddl-partitioning.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pgwright.checks.ages import FAR_FUTURE, FAR_PAST, moment, taken_at
from pgwright.checks.families import families
from pgwright.checks.time_marks import TIME_TYPES
from pgwright.figures import count
from pgwright.model.finding import Check, Evidence, Finding, Severity
from pgwright.model.names import QualifiedName, quote
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table

_KEY = re.compile(r'RANGE \((?:(?P<plain>[a-z_][\w$]*)|"(?P<quoted>(?:[^"]|"")+)")\)')
_BOUND = re.compile(r"FOR VALUES FROM \((?P<lower>.*)\) TO \((?P<upper>.*)\)", re.DOTALL)
_DEFAULT = "DEFAULT"
# A month that begins on its first day has no fixed length.
_LONGEST_MONTH = timedelta(days=31)


@dataclass(frozen=True)
class TimeRange:
    """A partition with its bounds."""

    table: Table
    lower: datetime
    upper: datetime


def find(snapshot: Snapshot) -> Iterator[Finding]:
    children: dict[QualifiedName, list[Table]] = {}
    for table in snapshot.tables:
        if table.bound and table.parent is not None:
            children.setdefault(table.parent, []).append(table)
    for table in snapshot.tables:
        if _time_column(table) is not None:
            yield from _judge(snapshot, table, children.get(table.name, []))


def _time_column(table: Table) -> str | None:
    found = _KEY.fullmatch(table.partition_key)
    if found is None:
        return None
    name = found["plain"] or found["quoted"].replace('""', '"')
    column = table.column_by_name.get(name)
    return name if column is not None and column.base_type in TIME_TYPES else None


def _judge(snapshot: Snapshot, table: Table, children: list[Table]) -> Iterator[Finding]:
    now = taken_at(snapshot)
    ranges = sorted(filter(None, map(_range, children)), key=lambda one: one.upper)
    default = next((child for child in children if child.bound == _DEFAULT), None)
    last = ranges[-1] if ranges else None
    if last is None and default is None:
        yield _finding(table, None, None, f"{table.name.short} has no partition, so every INSERT fails.", "high")
    elif last is not None and last.upper <= now:
        where = f"and rows of now go to {default.name.short}" if default else "and an INSERT of now fails"
        message = f"The last partition of {table.name.short} ended at {last.upper:%Y-%m-%d %H:%M %Z}, {where}."
        yield _finding(table, last, default, message, "medium" if default else "high")
    elif last is not None and last.upper < FAR_FUTURE and last.lower <= now:
        then = "rows go to the DEFAULT partition" if default else "every INSERT of then fails"
        message = f"{table.name.short} has no partition after {last.upper:%Y-%m-%d %H:%M %Z}: {then}."
        yield _finding(table, last, default, message, "medium")
    elif last is None and default is not None and families(snapshot)[_head(snapshot, table)].rows:
        message = f"{table.name.short} has nothing but its DEFAULT partition, of which nothing can be dropped."
        yield _finding(table, None, default, message, "low")


def _head(snapshot: Snapshot, table: Table) -> QualifiedName:
    while table.parent is not None and table.parent in snapshot.table_by_name:
        table = snapshot.table_by_name[table.parent]
    return table.name


def _range(child: Table) -> TimeRange | None:
    found = _BOUND.fullmatch(child.bound)
    return None if found is None else TimeRange(child, _moment(found["lower"]), _moment(found["upper"]))


def _moment(text: str) -> datetime:
    known = {"MINVALUE": FAR_PAST, "MAXVALUE": FAR_FUTURE}
    # A year that Python does not reach lies far ahead.
    return known.get(text) or moment(text.strip("'")) or FAR_FUTURE


def _finding(table: Table, last: TimeRange | None, default: Table | None, message: str, severity: Severity) -> Finding:
    evidence = [Evidence("partitioned by", table.partition_key)]
    if last is not None:
        evidence.append(Evidence("last partition", f"{last.table.name.short}, {last.table.bound}"))
    if default is not None:
        evidence.append(Evidence("rows of the DEFAULT partition", count(default.rows), "estimated"))
    return CHECK.found(
        table.name.short,
        message,
        severity=severity,
        evidence=evidence,
        advice="Make partitions ahead on a schedule: pgwright_runtime.retention.Partitions does, with the DEFAULT "
        "partition in the way too, and drops what is due."
        + (
            "" if default is None else " ATTACH would read the DEFAULT partition under a lock, so it is not given here."
        ),
        sql="" if default is not None or last is None else _attach(table, last),
    )


def _attach(table: Table, last: TimeRange) -> str:
    """Return the statements that make the next partition beside reads and writes."""
    end = _after(last)
    name = f"{table.name.name}_from_{last.upper:%Y_%m_%d}"
    new = f"{quote(table.name.schema)}.{quote(name)}"
    return (
        f"CREATE TABLE {new} (LIKE {table.name} INCLUDING ALL EXCLUDING IDENTITY);\n"
        f"ALTER TABLE {table.name} ATTACH PARTITION {new} FOR VALUES FROM ('{last.upper}') TO ('{end}')"
    )


def _after(last: TimeRange) -> datetime:
    """Return the end of the partition that follows: as long as the last one, in months where that is so many."""
    lower, upper = last.lower, last.upper
    if lower == FAR_PAST:
        return (upper.replace(day=1) + _LONGEST_MONTH).replace(day=1)
    months = (upper.year - lower.year) * 12 + upper.month - lower.month
    if months and upper.day == lower.day == 1 and upper.time() == lower.time():
        number = upper.month - 1 + months
        return upper.replace(year=upper.year + number // 12, month=number % 12 + 1)
    return upper + (upper - lower)


CHECK = Check(__name__, reads=Snapshot, needs=("tables",), severity="medium", confidence="likely", find=find)
