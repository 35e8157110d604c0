"""Find large tables that are read from end to end again and again.

## What it does

Compares, for each large table, the sequential scans and the rows they read with the index scans, by the table's own
counters; those of partitions count together.

## Why it matters

A sequential scan reads every row to return a few. It grows with the table, pushes other data out of memory, and turns
into the slowest statement of the app on the day the table no longer fits there.

## Example

    SELECT * FROM job WHERE status = 'pending' ORDER BY created_at LIMIT 10;  -- every second, of 2,000,000 rows

Use instead:

    CREATE INDEX CONCURRENTLY ON job (created_at) WHERE status = 'pending';

## When it is wrong

Nightly exports and reports that need most of the rows. The counters do not tell them from the app's statements.

## Source

PostgreSQL manual, The Cumulative Statistics System: pg_stat_all_tables
(https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ALL-TABLES-VIEW).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import TableFamily, families
from pgwright.figures import count, share, size
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.snapshot import Snapshot
from pgwright.model.worth import Worth
from pgwright.sqltext import gist
from pgwright.workload.shaped import ShapedStatement, statements_touching

# Below this, a sequential scan takes about a millisecond.
LARGE_TABLE_ROWS = 10_000
# Fewer are exports, reports, or the scans of building an index.
MANY_SCANS = 50
# One scan in ten: below it, index scans carry the load.
SCAN_SHARE = 0.1
# A scan that ends after fewer of the rows was stopped by LIMIT.
READ_SHARE = 0.1
# A core reads some ten million rows a second that are in memory.
_MS_A_ROW = 1e-4
# The dearest: more make no finding clearer.
MOST_QUERIES = 3


def find(snapshot: Snapshot) -> Iterator[Finding]:
    found = [family for family in families(snapshot).values() if _is_heavy(family)]
    for family in sorted(found, key=lambda family: -_rows_read(family)):
        yield _finding(snapshot, family)


def _scans(family: TableFamily) -> int:
    return sum(leaf.sequential_scans for leaf in family.leaves)


def _index_scans(family: TableFamily) -> int:
    return sum(leaf.index_scans for leaf in family.leaves)


def _rows_read(family: TableFamily) -> int:
    return sum(leaf.sequential_rows_read for leaf in family.leaves)


def _is_heavy(family: TableFamily) -> bool:
    scans = _scans(family)
    if scans < MANY_SCANS or family.rows < LARGE_TABLE_ROWS:
        return False
    # Each partition is a scan of its own.
    rows_a_scan = _rows_read(family) / scans * len(family.leaves)
    return scans >= SCAN_SHARE * (scans + _index_scans(family)) and rows_a_scan >= READ_SHARE * family.rows


def _finding(snapshot: Snapshot, family: TableFamily) -> Finding:
    scans, rows_read = _scans(family), _rows_read(family)
    queries, worth = _readers(snapshot, family), _worth(snapshot, scans, rows_read)
    return CHECK.found(
        family.name.short,
        f"{family.name.short} was read from end to end {count(scans)} times, {count(rows_read)} rows in all.",
        severity=worth.severity,
        worth=worth,
        evidence=[
            Evidence("time of these scans", worth.saving, "estimated"),
            Evidence(
                "sequential scans", f"{count(scans)}, {share(scans / (scans + _index_scans(family)))} of all scans"
            ),
            Evidence("rows read by them", count(rows_read)),
            Evidence("rows", count(family.rows)),
            Evidence("size", size(family.heap_bytes)),
            *(Evidence("statement that reads it", gist(query.statement.text)) for query in queries),
        ],
        advice="Let `pgwright advise` choose an index for the statements that read it.",
        queries=[query.statement.query_id for query in queries],
    )


def _worth(snapshot: Snapshot, scans: int, rows_read: int) -> Worth:
    whole = sum(one.total_ms for one in snapshot.statements)
    saved = rows_read * _MS_A_ROW
    return Worth(saved, saved / scans, min(1.0, saved / whole) if whole else 0.0, snapshot.counted_seconds)


def _readers(snapshot: Snapshot, family: TableFamily) -> list[ShapedStatement]:
    """Return the dearest statements that read the table."""
    names = (family.name, *(leaf.name for leaf in family.leaves))
    touching = [query for name in names for query in statements_touching(name, snapshot)]
    readers = [query for query in dict.fromkeys(touching) if query.shape.blocks]
    return sorted(readers, key=lambda query: -query.statement.total_ms)[:MOST_QUERIES]


CHECK = Check(__name__, reads=Snapshot, needs=("tables",), severity="medium", confidence="likely", find=find)
