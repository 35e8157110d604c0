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

Right after the counters were reset, when our role may not see the statistics either.

## Source

PostgreSQL manual, Routine Vacuuming: Updating Planner Statistics
(https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-STATISTICS): "partitioned tables … autovacuum
does not run ANALYZE".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import TableFamily, families
from pgwright.figures import count, size
from pgwright.model.change import AnalyzeTable
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import Table

# Below this, autovacuum does not analyze a table (autovacuum_analyze_threshold), and a wrong plan costs nothing.
FEWEST_ROWS = 50
# So many pages hold that many rows, where no counter says.
FEWEST_BYTES = 64 * 1024
# A wrong plan over so many rows is felt by users.
LARGE_TABLE_ROWS = 100_000


def find(snapshot: Snapshot) -> Iterator[Finding]:
    known = {row.relation for row in snapshot.statistics}
    for family in families(snapshot).values():
        is_filled = family.rows >= FEWEST_ROWS or family.heap_bytes >= FEWEST_BYTES
        if is_filled and family.head.kind != "foreign table" and _is_unknown(family.head, known):
            yield _finding(family)


def _is_unknown(table: Table, known: set[QualifiedName]) -> bool:
    return table.last_analyze_at is None and table.name not in known


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
