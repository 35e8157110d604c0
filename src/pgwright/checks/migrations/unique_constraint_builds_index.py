"""Find unique constraints that build their index while the app can neither read nor write.

## What it does

Reports ADD UNIQUE, of a table or of a new column, without USING INDEX, on a table that is not small.

## Why it matters

The constraint's index is built under ACCESS EXCLUSIVE: every query of the table waits for it. And the statement fails
where two rows are equal, after all the waiting.

## Example

    op.create_unique_constraint("uq_user_email", "user", ["email"])

Use instead:

    with op.get_context().autocommit_block():
        op.create_index("uq_user_email", "user", ["email"], unique=True, postgresql_concurrently=True)
    op.execute('ALTER TABLE "user" ADD CONSTRAINT uq_user_email UNIQUE USING INDEX uq_user_email')

## When it is wrong

The app is stopped while the revision runs.

## Source

PostgreSQL manual, ALTER TABLE, ADD table_constraint_using_index
(https://www.postgresql.org/docs/current/sql-altertable.html).
Also known as: squawk disallowed-unique-constraint; strong_migrations "Adding a unique constraint";
django-migration-linter ADD_UNIQUE; Atlas MF101 and MF102.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import constraint_using_index
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.sqltext.rewording import constraint


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "add unique"):
        table = step.table(action.table)
        if table is not None and not action.using_index and step.matters(table):
            yield _finding(step, action, table)


def _finding(step: LintStep, action: Action, table: QualifiedName) -> Finding:
    added = constraint(step.statement.text)
    name = action.name or (added.name if added is not None else "UNIQUE")
    is_plain = step.partitions(table) == ()
    way = "Build a unique index CONCURRENTLY, then let the constraint take it over, which needs its lock for a moment."
    return report(
        CHECK,
        step,
        f"{table.short} ({', '.join(action.columns) or name})",
        f"Adding {name} builds an index of {step.sized(table)} while the app can neither read nor write it, "
        f"{step.how_long()}; and it fails if two rows are equal.",
        tables=[table],
        severity=step.severity(table),
        advice=way
        if is_plain
        else "A constraint of a partitioned table takes no index over: make a unique index "
        "instead, partition by partition, as index-not-concurrent shows.",
        code=constraint_using_index(added, "UNIQUE") if added is not None and is_plain else "",
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
