"""Find columns that become NOT NULL while the whole table is read under a lock.

## What it does

Reports SET NOT NULL where the twin read the table whole: no valid CHECK proves that the column holds no null.

## Why it matters

The table is locked for reads and writes while every row of it is looked at. And the statement fails where one is null.

## Example

    op.alter_column("note", "title", nullable=False)

Use instead:

    op.execute("ALTER TABLE note ADD CONSTRAINT note_title_not_null_check CHECK (title IS NOT NULL) NOT VALID")

    # next revision
    op.execute("ALTER TABLE note VALIDATE CONSTRAINT note_title_not_null_check")

    # next revision
    op.execute("ALTER TABLE note ALTER COLUMN title SET NOT NULL")
    op.execute("ALTER TABLE note DROP CONSTRAINT note_title_not_null_check")

## When it is wrong

The table is larger on disk than what a scan of it takes: most of it is dead space.

## Source

PostgreSQL manual, ALTER TABLE, SET NOT NULL (https://www.postgresql.org/docs/current/sql-altertable.html).
Also known as: squawk adding-not-nullable-field; strong_migrations "Setting NOT NULL on an existing column";
django-migration-linter NOT_NULL; Atlas MF104.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import not_null
from pgwright.checks.lint_tables import LintStep, as_written, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "set not null", "add not null"):
        table = step.table(action.table)
        if table is None or action.is_not_valid or not step.matters(table) or not step.is_scanned(table):
            continue
        yield _finding(step, action, table)


def _finding(step: LintStep, action: Action, table: QualifiedName) -> Finding:
    column = _column(action)
    actions = step.statement.actions
    columns = [_column(one) for one in actions if one.kind == action.kind]
    is_alone = len(columns) == len(actions) and action.table is not None
    return report(
        CHECK,
        step,
        f"{table.short} ({column})",
        f"SET NOT NULL on {column} reads all of {step.sized(table)} while the app can neither read nor write it, "
        f"{step.how_long()}; and it fails if one value is null.",
        tables=[table],
        severity=step.severity(table),
        advice="Add a CHECK that is NOT VALID, validate it in the next revision, which lets the app go on, and then "
        "set NOT NULL: the valid CHECK saves the scan.",
        code=not_null(as_written(action.table), columns) if is_alone and action.table else "",
    )


def _column(action: Action) -> str:
    return action.name if action.kind == "set not null" else next(iter(action.columns), action.name)


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
