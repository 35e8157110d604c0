"""Find CHECK constraints that read the whole table under a lock.

## What it does

Reports a CHECK that is added without NOT VALID to a table that is not small.

## Why it matters

The table is locked for reads and writes while every row of it is checked. And the statement fails where a row breaks
the rule, after all the waiting.

## Example

    op.create_check_constraint("note_size_check", "note", "size > 0")

Use instead:

    op.create_check_constraint("note_size_check", "note", "size > 0", postgresql_not_valid=True)

    # next revision
    op.execute("ALTER TABLE note VALIDATE CONSTRAINT note_size_check")

## When it is wrong

The app is stopped while the revision runs.

## Source

PostgreSQL manual, ALTER TABLE, Notes: NOT VALID and VALIDATE CONSTRAINT
(https://www.postgresql.org/docs/current/sql-altertable.html).
Also known as: squawk constraint-missing-not-valid; strong_migrations "Adding a check constraint".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import not_valid
from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.sqltext.rewording import constraint


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "add check"):
        table = step.table(action.table)
        if table is None or action.is_not_valid or not step.matters(table) or not step.is_scanned(table):
            continue
        added = constraint(step.statement.text)
        name = action.name or (added.name if added is not None else "CHECK")
        yield report(
            CHECK,
            step,
            f"{table.short} ({name})",
            f"Adding {name} checks all of {step.sized(table)} while the app can neither read nor write it, "
            f"{step.how_long()}; and it fails if one row breaks it.",
            tables=[table],
            severity=step.severity(table),
            advice="Add it NOT VALID: it holds for new rows at once. Validate it in the next revision: the app goes "
            "on.",
            code=not_valid(added) if added is not None else "",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
