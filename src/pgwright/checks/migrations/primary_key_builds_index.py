"""Find primary keys that build their index while the app can neither read nor write.

## What it does

Reports ADD PRIMARY KEY without USING INDEX on a table that is not small.

## Why it matters

The index is built under ACCESS EXCLUSIVE, and columns that may be null are looked through for nulls: every query of the
table waits for both.

## Example

    op.create_primary_key("note_pkey", "note", ["id"])

Use instead:

    with op.get_context().autocommit_block():
        op.create_index("note_pkey", "note", ["id"], unique=True, postgresql_concurrently=True)
    op.execute("ALTER TABLE note ADD CONSTRAINT note_pkey PRIMARY KEY USING INDEX note_pkey")

## When it is wrong

The app is stopped while the revision runs.

## Source

PostgreSQL manual, ALTER TABLE, ADD table_constraint_using_index: "If PRIMARY KEY is specified, then this command will
also attempt to do ALTER COLUMN SET NOT NULL".
Also known as: squawk adding-serial-primary-key-field; strong_migrations "Adding an auto-incrementing column".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import constraint_using_index, lines, next_revision, not_null
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.sqltext.rewording import constraint


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "add primary key"):
        table = step.table(action.table)
        is_rewrite = table in step.statement.rewritten  # table-rewritten says so
        if table is not None and not action.using_index and step.matters(table) and not is_rewrite:
            yield _finding(step, action, table)


def _finding(step: LintStep, action: Action, table: QualifiedName) -> Finding:
    return report(
        CHECK,
        step,
        f"{table.short} ({', '.join(action.columns)})",
        f"Adding a primary key builds an index of {step.sized(table)} while the app can neither read nor write it, "
        f"{step.how_long()}; and it fails if two rows are equal or one is null.",
        tables=[table],
        severity=step.severity(table),
        advice="Make its columns NOT NULL by way of a valid CHECK, build a unique index CONCURRENTLY, then let the "
        "primary key take it over, which needs its lock for a moment.",
        code=_code(step, action, table),
    )


def _code(step: LintStep, action: Action, table: QualifiedName) -> str:
    added = constraint(step.statement.text)
    if added is None or step.partitions(table) != ():
        return ""
    known = step.known(table)
    columns = known.column_by_name if known is not None else {}
    nullable = [one for one in action.columns if one not in columns or columns[one].is_nullable]
    takes = constraint_using_index(added, "PRIMARY KEY")
    if not nullable:
        return takes
    return lines(not_null(added.table, nullable), next_revision("no column of the key may be null"), takes)


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
