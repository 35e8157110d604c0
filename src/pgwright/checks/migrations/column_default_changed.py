"""Find defaults that a revision changes under code that relies on them.

## What it does

Reports SET DEFAULT and DROP DEFAULT on a nullable column that was there before, where the workload has an INSERT that
leaves the column out. Where the column is required, `default-dropped-while-required` speaks.

## Why it matters

Rows that old code adds during the deploy get the new default, though that code means the old one; rows from before keep
what they have. An ORM that holds the default itself goes on writing the old one.

## Example

    op.alter_column("note", "state", server_default="draft")

Use instead:

    # the code writes `state` in each INSERT, one deploy earlier
    op.alter_column("note", "state", server_default="draft")

## When it is wrong

Old and new default mean the same to the code.

## Source

PostgreSQL manual, ALTER TABLE, SET DEFAULT.
Also known as: strong_migrations "Changing the default value of a column"; pgReviewer "column default".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import parts, report
from pgwright.checks.lint_uses import inserts, times
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import QualifiedName


def find(pending: PendingMigrations) -> Iterator[Finding]:
    made: set[tuple[QualifiedName, str]] = set()
    for step, action in parts(pending, "add column", "set default", "drop default"):
        table = step.table(action.table)
        if table is None or step.is_new(table):
            continue
        if action.kind == "add column":
            made.add((table, action.name))
            continue
        known = step.known(table)
        column = known.column_by_name.get(action.name) if known is not None else None
        is_required = column is not None and not column.is_nullable and action.kind == "drop default"
        if column is None or column.default is None or is_required or (table, action.name) in made:
            continue
        without = [one for one, row in inserts(step, table) if row.columns and action.name not in row.columns]
        if not without:
            continue
        now = "none" if action.default is None else action.default
        yield report(
            CHECK,
            step,
            f"{table.short} ({action.name})",
            f"The default of {action.name} is {now} instead of {column.default}, and INSERTs that leave the column "
            f"out, which ran {times(without)}, take the new one although they mean the old.",
            tables=[table],
            evidence=[Evidence("leaves it out", without[0].text)],
            advice="Let the code write the value itself, one deploy earlier, where the difference matters.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="likely", find=find)
