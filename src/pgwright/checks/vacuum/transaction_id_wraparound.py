"""Find databases whose transaction ids run out faster than VACUUM frees them.

## What it does

Compares the age of the oldest transaction id of the database with the 2,147,483,648 that exist, and names the tables
that hold it.

## Why it matters

About three million short of the end the server refuses every write until VACUUM has been run.

## Example

    ALTER TABLE event SET (autovacuum_enabled = false);  -- years ago

Use instead:

    VACUUM (FREEZE) event;

## When it is wrong

Ages up to `autovacuum_freeze_max_age` are normal, and a little beyond while the anti-wraparound vacuum runs.

## Source

PostgreSQL manual, Routine Vacuuming: Preventing Transaction ID Wraparound Failures
(https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.figures import count, share
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.names import quote
from pgwright.model.not_examined import lacking
from pgwright.model.snapshot import Snapshot

# Transaction ids are compared modulo 2³².
LIMIT = 2**31
# Two and a half times the default of autovacuum_freeze_max_age: the vacuum that should have started did not finish.
LATE_AGE = 500_000_000
# Half of all ids; from here on it is a matter of weeks on a busy server.
DANGEROUS_AGE = 1_000_000_000
MOST_TABLES = 5


def find(snapshot: Snapshot) -> Iterator[Finding]:
    age = snapshot.server.transaction_id_age
    if age < LATE_AGE:
        return
    unread = lacking(snapshot.not_examined, ("tables",))
    oldest = sorted(snapshot.tables, key=lambda table: (-table.frozen_age, table.name))[:MOST_TABLES]
    oldest = [table for table in oldest if table.frozen_age >= LATE_AGE]
    yield CHECK.found(
        snapshot.server.database,
        f"{share(age / LIMIT)} of the transaction ids are used up; at the end the server refuses to write.",
        severity="high" if age >= DANGEROUS_AGE else None,
        evidence=[
            Evidence("age of the oldest transaction id", count(age)),
            Evidence("left", count(LIMIT - age)),
            *(Evidence(f"age of {table.name.short}", count(table.frozen_age)) for table in oldest),
        ],
        advice="End old transactions, drop unused replication slots and prepared transactions, then vacuum the oldest "
        "tables; find out why autovacuum did not."
        + ("" if oldest or unread else " The age is one of the system catalogs."),
        sql=";\n".join(f"VACUUM (FREEZE) {table.name}" for table in oldest)
        or f"-- connected to {quote(snapshot.server.database)}:\nVACUUM (FREEZE)",
    )


CHECK = Check(__name__, reads=Snapshot, severity="medium", confidence="certain", find=find)
