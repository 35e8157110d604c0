"""Find new columns of type char(n).

## What it does

Reports new columns of type char(n).

## Why it matters

Values are padded with blanks to the full length, which take space and come back to the app; in some comparisons the
blanks count, in others not.

## Example

    sa.Column("country", sa.CHAR(2))

Use instead:

    sa.Column("country", sa.Text())

## When it is wrong

Every value has exactly this length.

## Source

PostgreSQL wiki, Don't Do This: char(n).
Also known as: squawk ban-char-field; pg-index-health.
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
            f"Values of {new.about} are padded with blanks, which come back to the app.",
            evidence=[Evidence("also", one) for one in new.also],
            advice="Use text; where the length matters, with a CHECK.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="possible", find=find)
