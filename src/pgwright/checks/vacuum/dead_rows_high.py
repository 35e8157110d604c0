"""Find tables in which dead rows pile up.

## What it does

Compares the dead rows with the living ones, by the table's counters; those of partitions count together.

## Why it matters

Every scan reads the dead rows too, and index scans fetch them to find out. The space is lost until VACUUM frees it.

## Example

    ALTER TABLE job SET (autovacuum_enabled = false);

Use instead:

    ALTER TABLE job SET (autovacuum_vacuum_scale_factor = 0.02);

## When it is wrong

Just after a large UPDATE or DELETE, before autovacuum has come by. The counters are estimates.

## Source

PostgreSQL manual, Routine Vacuuming: The Autovacuum Daemon
(https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.families import TableFamily, families
from pgwright.figures import count, duration, share
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.snapshot import Snapshot

# Fewer are vacuumed in a moment, whatever their share.
FEWEST_DEAD_ROWS = 10_000
# autovacuum_vacuum_scale_factor is 0.2 of the living rows: at a quarter of all it is late, or held back.
HIGH_SHARE = 0.25
VERY_HIGH_SHARE = 0.5
# A transaction so old keeps VACUUM from removing what died since.
OLD_TRANSACTION_SECONDS = 600.0
# A quarter of the default 0.2.
EARLIER_FACTOR = 0.05


def find(snapshot: Snapshot) -> Iterator[Finding]:
    for family in families(snapshot).values():
        dead = sum(leaf.dead_rows for leaf in family.leaves)
        if dead >= FEWEST_DEAD_ROWS and dead >= HIGH_SHARE * (dead + family.rows):
            yield _finding(snapshot, family, dead)


def _finding(snapshot: Snapshot, family: TableFamily, dead: int) -> Finding:
    part = dead / (dead + family.rows)
    is_off = any("autovacuum_enabled=false" in leaf.parameters for leaf in family.leaves)
    oldest = max((session.transaction_seconds for session in snapshot.own_sessions), default=0.0)
    is_held_back = oldest >= OLD_TRANSACTION_SECONDS
    mend = "RESET (autovacuum_enabled)" if is_off else f"SET (autovacuum_vacuum_scale_factor = {EARLIER_FACTOR})"
    vacuumed = [leaf.last_vacuum_at for leaf in family.leaves if leaf.last_vacuum_at]
    return CHECK.found(
        family.name.short,
        f"{share(part)} of the rows of {family.name.short} are dead: every scan reads them too.",
        severity="high" if part >= VERY_HIGH_SHARE else None,
        evidence=[
            Evidence("dead rows", count(dead)),
            Evidence("living rows", count(family.rows)),
            Evidence("last vacuum", min(vacuumed, default="none on record")),
            Evidence("autovacuum", "switched off for this table" if is_off else "on"),
            Evidence("oldest open transaction", duration(oldest)),
        ],
        advice="Run VACUUM"
        + (", switch autovacuum on again" if is_off else ", and let autovacuum come earlier to this table")
        + (", after ending the old transaction that holds it back." if is_held_back else "."),
        sql=";\n".join(
            [f"VACUUM (ANALYZE) {family.name}", *(f"ALTER TABLE {leaf.name} {mend}" for leaf in family.leaves)]
        ),
    )


CHECK = Check(__name__, reads=Snapshot, needs=("tables", "sessions"), severity="medium", confidence="likely", find=find)
