"""Find exclusion constraints that build their index while the app can neither read nor write.

## What it does

Reports ADD CONSTRAINT … EXCLUDE on a table that is not small.

## Why it matters

The index is built, and every pair of rows checked by it, under ACCESS EXCLUSIVE. There is no concurrent form, none with
NOT VALID, and none that takes over an index.

## Example

    op.create_exclude_constraint("booking_excl", "booking", ("during", "&&"), using="gist")

Use instead:

    op.create_table("booking_new", ..., ExcludeConstraint(("during", "&&"), using="gist"))  # filled, then swapped

## When it is wrong

The app is stopped while the revision runs.

## Source

PostgreSQL manual, CREATE TABLE, EXCLUDE (https://www.postgresql.org/docs/current/sql-createtable.html).
Also known as: strong_migrations "Adding an exclusion constraint".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "add exclusion"):
        table = step.table(action.table)
        if table is None or not step.matters(table):
            continue
        yield report(
            CHECK,
            step,
            f"{table.short} ({action.name or 'EXCLUDE'})",
            f"The exclusion constraint builds an index of {step.sized(table)} while the app can neither read nor write "
            f"it, {step.how_long()}; and it fails if two rows exclude each other.",
            tables=[table],
            severity=step.severity(table),
            advice="PostgreSQL has no way to add it beside the app. Look for rows that exclude each other first, add "
            "it in a window, or have it from the start on a new table that is filled by a backfill and then swapped "
            "in.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
