"""Find tables of which the planner knows nothing.

## What it does

Reports tables with rows that were never analyzed: no ANALYZE on record and no statistics of any column. For a
partitioned table the statistics of the whole count, which autovacuum never gathers.

## Why it matters

Without statistics the planner guesses: 10 pages, 0.5 % of the rows for every equality. It then joins a million rows by
a nested loop made for ten.

## Example

    COPY event FROM '/data/events.csv';
    SELECT … FROM event JOIN …;  -- at once, before autovacuum came by

Use instead:

    COPY event FROM '/data/events.csv';
    ANALYZE event;

## When it is wrong

Where every column is left out of ANALYZE on purpose (`SET STATISTICS 0`), once the counters are reset.

## Source

PostgreSQL manual, Routine Vacuuming: Updating Planner Statistics
(https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-STATISTICS): "partitioned tables … autovacuum
does not run ANALYZE".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import TableFamily, families
from pgwright.checks.unread import remedy
from pgwright.figures import count, listing, size
from pgwright.model.change import AnalyzeTable
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import QualifiedName
from pgwright.model.not_examined import NotExamined
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table

# Below this, autovacuum does not analyze a table (autovacuum_analyze_threshold), and a wrong plan costs nothing.
FEWEST_ROWS = 50
# So many pages hold that many rows, where no counter says.
FEWEST_BYTES = 64 * 1024
# A wrong plan over so many rows is felt by users.
LARGE_TABLE_ROWS = 100_000


def find(snapshot: Snapshot) -> Iterator[Finding | NotExamined]:
    known = {row.relation for row in snapshot.statistics}
    hidden: list[QualifiedName] = []
    for family in families(snapshot).values():
        table = family.head
        is_filled = family.rows >= FEWEST_ROWS or family.heap_bytes >= FEWEST_BYTES
        is_seen = table.last_analyze_at is not None or table.name in known
        if not is_filled or table.kind == "foreign table" or is_seen:
            continue
        if snapshot.unread("statistics", table.name) is None or _was_never_counted(table):
            yield _finding(family)
        else:
            hidden.append(table.name)
    if hidden:
        yield CHECK.unexamined(
            "no ANALYZE is on record, and what it found is hidden from the role",
            remedy(snapshot, "statistics", hidden, ""),
            about=listing([name.short for name in hidden]),
        )


def _was_never_counted(table: Table) -> bool:
    """Tell what ANALYZE would have left behind for everybody to see: from PostgreSQL 14 on, -1 means never."""
    is_uncounted = table.kind != "partitioned table" and table.pages > 0 and not table.analyzed_pages
    return table.row_estimate < 0 or is_uncounted


def _finding(family: TableFamily) -> Finding:
    name = family.name.short
    return CHECK.found(
        name,
        f"{name} was never analyzed" + (" as a whole" * family.is_partitioned) + ": the planner guesses its contents.",
        severity="high" if family.rows >= LARGE_TABLE_ROWS and not family.is_partitioned else None,
        evidence=[Evidence("rows", count(family.rows)), Evidence("size", size(family.heap_bytes))],
        advice="Run ANALYZE"
        + (
            " on a schedule: autovacuum analyzes the partitions only."
            if family.is_partitioned
            else ", after each load."
        ),
        changes=[AnalyzeTable(family.name)],
    )


CHECK = Check(
    __name__, reads=Snapshot, needs=("tables", "statistics"), severity="medium", confidence="likely", find=find
)
