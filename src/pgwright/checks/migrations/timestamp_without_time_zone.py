"""Find new columns that hold a time without its zone.

## What it does

Reports new columns of type timestamp without time zone, unless most of the database are so.

## Why it matters

It holds what a clock on some wall showed. `now()` is cut to the zone of the session, and two sessions differ; asyncpg
refuses an aware datetime for it; the hour that comes twice in autumn cannot be told apart.

## Example

    sa.Column("created_at", sa.DateTime())

Use instead:

    sa.Column("created_at", sa.DateTime(timezone=True))

## When it is wrong

The app writes UTC everywhere and never `now()`, and all its tables are so.

## Source

PostgreSQL wiki, Don't Do This: timestamp (without time zone).
Also known as: squawk prefer-timestamptz; pg-index-health.
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
            f"{new.about} does not say of which zone its times are.",
            evidence=[Evidence("also", one) for one in new.also],
            advice="Use DateTime(timezone=True), which takes the same eight bytes.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="possible", find=find)
