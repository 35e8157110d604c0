"""Find indexes that no query has used since the counters began.

## What it does

Reports indexes without a single scan on this server, when the counters are old enough to mean something. An index that
enforces something (primary key, unique, exclusion, replica identity) is never reported, nor the one that CLUSTER uses,
nor one that has to take over from an index that pgwright calls redundant, nor one of the deleted rows by the moment
of their deletion, which a purge will need. The scans of all partitions count together.
An index on an expression also tells the planner what values that has: `fix` creates statistics on it first.

## Why it matters

An index that nobody reads is still written on every insert, keeps updates of its columns from being HOT, is vacuumed,
and takes memory and disk.

## Example

    CREATE INDEX ix_order_note ON "order" (note);  -- 0 scans in 90 days

Use instead:

    DROP INDEX CONCURRENTLY ix_order_note;

## When it is wrong

Each server counts for itself: the index may serve a replica, and replicas are not looked at. It may serve a report
that runs once a quarter. It may be younger than the counters.

## Source

PostgreSQL manual, The Cumulative Statistics System: pg_stat_all_indexes
(https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ALL-INDEXES-VIEW) and
Examining Index Usage.
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from pgwright.checks.ages import statistics_days
from pgwright.checks.families import IndexFamily, TableFamily, alone, families, index_families
from pgwright.checks.soft_delete import is_for_purge
from pgwright.checks.substitutes import is_droppable, takes_over
from pgwright.figures import count, listing, size
from pgwright.indexes.coverage import is_served, serves_foreign_key
from pgwright.model.change import DropIndex
from pgwright.model.finding import Check, Confidence, Evidence, Finding, Severity
from pgwright.model.index import Index
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot

# Less than a week cannot show weekly work.
FEWEST_DAYS = 7.0
# A month and a bit shows monthly work too.
ENOUGH_DAYS = 35.0
# Below this, the planner reads the table whole, index or not: its index says nothing yet.
SMALL_TABLE_ROWS = 1_000
# Above this, the index costs memory that other data would use.
LARGE_INDEX_BYTES = 100 * 1024 * 1024


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    candidates = list(_candidates(snapshot))
    if not candidates:
        return
    days = statistics_days(snapshot)
    if snapshot.server.is_standby:
        yield CHECK.unexamined("a standby counts its own scans only", "read the primary")
    elif days is None or days < FEWEST_DAYS:
        known = "of unknown age" if days is None else f"{days:.1f} days old"
        yield CHECK.unexamined(
            f"the counters are {known}; below {FEWEST_DAYS:.0f} days they prove nothing", "read again later"
        )
    else:
        tables = families(snapshot)
        for index in candidates:
            table = index.head.table
            family = tables.get(table) or alone(snapshot.table_by_name[table])
            rivals = {one.name for other in candidates for one in (other.head, *other.leaves)}
            yield _finding(snapshot, index, family, _only_served(snapshot, index, rivals), days)


def _candidates(snapshot: Snapshot) -> Iterator[IndexFamily]:
    for indexes in index_families(snapshot).values():
        for index in indexes:
            is_unused = index.scans == 0 and index.head.is_valid and index.size_bytes > 0
            is_early = is_for_purge(index.head.definition, snapshot.policy.soft_delete_columns)
            if is_unused and not is_early and is_droppable(index) and not takes_over(snapshot, index):
                yield index


def _finding(snapshot: Snapshot, index: IndexFamily, family: TableFamily, keys: list[str], days: float) -> Finding:
    head = index.head
    replicas = snapshot.server.replica_count
    return CHECK.found(
        head.name.short,
        f"No query on this server has used {head.name.short} in {days:.0f} days; replicas were not looked at."
        + (f" Of those that would remain, none serves the foreign key {listing(keys)}." if keys else ""),
        severity=_severity(index, family, keys),
        confidence=_confidence(days, replicas),
        evidence=[
            Evidence("scans", "0"),
            Evidence("age of the counters", f"{days:.0f} days"),
            Evidence("size", size(index.size_bytes)),
            Evidence("rows written to the table", count(_writes(family))),
            Evidence("replicas, not looked at", count(replicas) if replicas else "none seen"),
        ],
        advice=(
            "Keep it as long as rows of the referenced table are deleted; else drop it by hand."
            if keys
            else "Make sure that no replica and no rare report needs it, then drop it."
        )
        + _statistics(head),
        changes=() if keys else [DropIndex(head.name, head.table, head.sql, index.size_bytes)],
    )


def _statistics(index: Index) -> str:
    expressions = [key.expression for key in index.definition.keys if key.expression is not None]
    if not expressions or index.definition.predicate is not None:
        return ""
    return (
        f" By it the planner knows what values {listing(expressions)} has, even where no query scans it: `fix` lets "
        "CREATE STATISTICS take that over, from PostgreSQL 14 on."
    )


def _only_served(snapshot: Snapshot, index: IndexFamily, rivals: Set[QualifiedName]) -> list[str]:
    """Return the foreign keys that this index serves, and none would if all unused ones of the table went."""
    return [
        snapshot.describe(key.table, key.columns)
        for table in dict.fromkeys(part.table for part in (index.head, *index.leaves))
        for key in snapshot.foreign_keys_by_table.get(table, ())
        if not (key.is_inherited and table != index.head.table)
        and any(leaf.is_valid and serves_foreign_key(leaf.definition, key, snapshot) for leaf in index.leaves)
        and not is_served(snapshot, key, without=rivals)
    ]


def _severity(index: IndexFamily, family: TableFamily, keys: list[str]) -> Severity:
    if keys or family.rows < SMALL_TABLE_ROWS:
        return "info"
    return "medium" if index.size_bytes >= LARGE_INDEX_BYTES else "low"


def _confidence(days: float, replicas: int) -> Confidence:
    return "likely" if days >= ENOUGH_DAYS and not replicas else "possible"


def _writes(family: TableFamily) -> int:
    return sum(leaf.rows_inserted + leaf.rows_updated for leaf in family.leaves)


CHECK = Check(
    __name__,
    reads=Snapshot,
    needs=("tables", "indexes", "foreign_keys"),
    severity="low",
    confidence="likely",
    find=find,
)
