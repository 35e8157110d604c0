"""Find constraints that are validated while their transaction still locks out the app.

## What it does

Reports VALIDATE CONSTRAINT in a transaction that holds a lock on the table which makes writes wait: mostly that of the
statement that added the constraint NOT VALID.

## Why it matters

VALIDATE itself lets the app read and write. But locks are held to the end of their transaction: with the lock of ADD
CONSTRAINT still there, the app waits for the whole scan, as if NOT VALID had never been said.

## Example

    op.create_check_constraint("note_size_check", "note", "size > 0", postgresql_not_valid=True)
    op.execute("ALTER TABLE note VALIDATE CONSTRAINT note_size_check")

Use instead:

    op.create_check_constraint("note_size_check", "note", "size > 0", postgresql_not_valid=True)

    # next revision
    op.execute("ALTER TABLE note VALIDATE CONSTRAINT note_size_check")

## When it is wrong

The app is stopped while the revision runs.

## Source

PostgreSQL manual, Explicit Locking: "Once acquired, a lock is normally held until the end of the transaction."
Also known as: strong_migrations "validate-in-same-transaction"; squawk constraint-missing-not-valid.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, next_revision
from pgwright.checks.lint_tables import parts, report, waiting
from pgwright.model.finding import Check, Finding
from pgwright.model.locks import blocks_writes
from pgwright.model.migration import PendingMigrations
from pgwright.sqltext.rewording import plain


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "validate constraint"):
        table = step.table(action.table)
        mode = step.held_before.get(table) if table is not None else None
        if table is None or mode is None or not blocks_writes(mode) or not step.matters(table):
            continue
        yield report(
            CHECK,
            step,
            f"{table.short} ({action.name})",
            f"{action.name} is validated while the transaction holds {mode} on {step.sized(table)}: {waiting(mode)} "
            f"wait for the whole scan, {step.how_long()}.",
            tables=[table],
            severity=step.severity(table),
            advice="Validate it in a revision of its own, with a transaction of its own.",
            code=next_revision("this one has committed") + "\n" + execute(plain(step.statement.text)),
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
