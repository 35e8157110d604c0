"""Find new columns of type money.

## What it does

Reports new columns of type money.

## Why it matters

What is read hangs on `lc_monetary` of the session: the same row is $12.30 on one server and 12,30 € on another. It has
no currency, rounds to the smallest unit, and comes to Python as a text.

## Example

    op.execute("ALTER TABLE item ADD COLUMN price money")

Use instead:

    op.add_column("item", sa.Column("price", sa.Numeric(12, 2)))

## When it is wrong

Hardly ever.

## Source

PostgreSQL wiki, Don't Do This: money.
Also known as: pg-index-health.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.column_types import new_columns
from pgwright.checks.lint_tables import report
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for new in new_columns(pending, CHECK.name):
        yield report(
            CHECK,
            new.step,
            new.about,
            f"{new.about} is read as lc_monetary of the session says, and comes to Python as a text.",
            evidence=[Evidence("also", one) for one in new.also],
            advice="Use numeric, with the currency in a column of its own.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="possible", find=find)
