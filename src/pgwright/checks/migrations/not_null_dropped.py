"""Find columns that may be null from now on, under code that does not expect it.

## What it does

Reports DROP NOT NULL on a column that was there before the pending revisions. A column that the same revision drops is
left alone.

## Why it matters

New code writes NULL while old code still reads the rows: `len(note.title)` raises on None, and `WHERE title <> 'a'`
leaves the row out. The downgrade fails on the first such row.

## Example

    op.alter_column("note", "title", nullable=True)   # with the code that writes NULL

Use instead:

    op.alter_column("note", "title", nullable=True)   # first, with code that reads NULL; then the code that writes it

## When it is wrong

No code writes NULL before all code reads it; or the column is on its way out.

## Source

PostgreSQL manual, ALTER TABLE, DROP NOT NULL.
Also known as: squawk ban-drop-not-null.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName


def find(pending: PendingMigrations) -> Iterator[Finding]:
    made: set[tuple[QualifiedName, str]] = set()
    for step, action in parts(pending, "add column", "drop not null"):
        table = step.table(action.table)
        if table is None:
            continue
        if action.kind == "add column":
            made.add((table, action.name))
        elif not _is_harmless(step, table, action) and (table, action.name) not in made:
            yield report(
                CHECK,
                step,
                f"{table.short} ({action.name})",
                f"{action.name} of {table.short} may be null from here on: code that runs while this is deployed does "
                "not expect it, and a downgrade fails once a row has none.",
                tables=[table],
                advice="Deploy code that reads NULL before the code that writes it.",
            )


def _is_harmless(step: LintStep, table: QualifiedName, action: Action) -> bool:
    known = step.known(table)
    column = known.column_by_name.get(action.name) if known is not None else None
    if step.is_new(table) or (column is not None and column.is_nullable):
        return True
    every = (one for each in step.pending.revisions for stated in each.upgrade.statements for one in stated.actions)
    return any(
        one.kind == "drop column" and one.name == action.name and step.table(one.table) == table for one in every
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="possible", find=find)
