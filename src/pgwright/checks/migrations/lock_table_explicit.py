"""Find LOCK TABLE in modes that the app waits for.

## What it does

Reports LOCK TABLE in a mode that keeps writes or reads waiting, on a table that is neither new nor small.

## Why it matters

The lock is held to the end of the transaction, whatever the rest of it needs.

## Example

    op.execute("LOCK TABLE note IN ACCESS EXCLUSIVE MODE")

Use instead:

    op.execute("SET LOCAL lock_timeout = '2s'")  # each statement takes the lock that it needs

## When it is wrong

Two tables are swapped, and nobody must see the moment between; then with a lock_timeout before it.

## Source

PostgreSQL manual, LOCK (https://www.postgresql.org/docs/current/sql-lock.html).
Also known as: none of the peers has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import parts, report, waiting
from pgwright.model.finding import Check, Finding
from pgwright.model.locks import blocks_writes
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "lock table"):
        table = step.table(action.table)
        mode = step.held.get(table) if table is not None else None
        if table is None or mode is None or not blocks_writes(mode) or not step.matters(table):
            continue
        yield report(
            CHECK,
            step,
            table.short,
            f"{mode} on {step.sized(table)} is held to the end of the transaction: {waiting(mode)} wait.",
            tables=[table],
            severity=None if not step.has_lock_timeout else "info",
            advice="Leave it to each statement to take the lock that it needs. Where two steps must be seen together, "
            "set a short lock_timeout before, and do nothing else in the transaction.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
