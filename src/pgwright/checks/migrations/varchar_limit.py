"""Find new columns of type varchar(n).

## What it does

Reports new columns of type varchar(n), unless most of the database are so.

## Why it matters

text is stored the same way and is as fast. The limit is a constraint without a name: a value that is longer fails in
production, and to narrow it later reads the whole table behind an exclusive lock. To widen it is free.

## Example

    sa.Column("title", sa.String(255))

Use instead:

    sa.Column("title", sa.Text())

## When it is wrong

The limit is meant, and so is the error.

## Source

PostgreSQL wiki, Don't Do This: varchar(n) by default.
Also known as: squawk prefer-text-field; pg-index-health.
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
            f"{new.about}: the limit saves nothing, and a longer value fails.",
            evidence=[Evidence("also", one) for one in new.also],
            advice="Use text, with a named CHECK where the length matters.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="info", confidence="possible", find=find)
