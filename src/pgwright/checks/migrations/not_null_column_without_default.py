"""Find new columns that no row of the table can have a value for.

## What it does

Reports ADD COLUMN … NOT NULL without a DEFAULT, an identity or an expression, on a table that has rows, or of which the
rows are unknown. A small table counts too: one row is enough.

## Why it matters

The statement fails: `column "kind" of relation "note" contains null values`. It runs on an empty database, so tests do
not show it.

## Example

    op.add_column("note", sa.Column("kind", sa.Text(), nullable=False))

Use instead:

    op.add_column("note", sa.Column("kind", sa.Text(), nullable=False, server_default="plain"))

## When it is wrong

The table is empty in every database that the revision will run on.

## Source

PostgreSQL manual, ALTER TABLE (https://www.postgresql.org/docs/current/sql-altertable.html).
Also known as: squawk adding-required-field; django-migration-linter NOT_NULL; Atlas MF103; pgReviewer
"NOT NULL without default".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import BACKFILLS, execute, lines, next_revision, not_null
from pgwright.checks.lint_tables import LintStep, as_written, parts, report
from pgwright.figures import count
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName, quote


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "add column"):
        table = step.table(action.table)
        if table is not None and not step.is_empty(table) and _is_required(step, action):
            yield _finding(step, action, table)


def _is_required(step: LintStep, action: Action) -> bool:
    has_identity = any(one.kind == "add identity" and one.name == action.name for one in step.statement.actions)
    fills_itself = action.default is not None or has_identity or action.type.lower().endswith("serial")
    return action.is_not_null and not fills_itself


def _finding(step: LintStep, action: Action, table: QualifiedName) -> Finding:
    rows = step.rows_of(table)
    held = "if the table has a row" if rows is None else f"for the table has {count(rows, 'row')}"
    return report(
        CHECK,
        step,
        f"{table.short} ({action.name})",
        f"ADD COLUMN {action.name} NOT NULL without a default fails, {held}: an empty database, as in tests, hides it.",
        tables=[table],
        confidence="likely" if rows is None else "certain",
        advice="Give it a server_default, which writes no row; or let it be null, fill it, and set NOT NULL when all "
        "rows have a value.",
        code=_code(action),
    )


def _code(action: Action) -> str:
    if action.table is None:
        return ""
    table = as_written(action.table)
    fill = f'# op.declare_backfill("{action.table.name}_{action.name}", …): fills what is there, beside the app'
    return lines(
        execute(f"ALTER TABLE {table} ADD COLUMN {quote(action.name)} {action.type}"),
        f"# {BACKFILLS.partition('  # ')[0]}",
        fill,
        next_revision("the app writes it for new rows, and the backfill is done"),
        not_null(table, [action.name]),
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="certain", find=find)
