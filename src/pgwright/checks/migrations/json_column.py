"""Find new columns of type json.

## What it does

Reports new columns of type json, which SQLAlchemy makes of `JSON`.

## Why it matters

json has no equality: SELECT DISTINCT, UNION and GROUP BY of the row fail with `could not identify an equality
operator`, and no index serves a search in it. Each access parses the text anew.

## Example

    sa.Column("extra", sa.JSON())

Use instead:

    sa.Column("extra", postgresql.JSONB())

## When it is wrong

The text is to come back letter by letter, with its blanks and the order of its keys.

## Source

PostgreSQL manual, JSON Types.
Also known as: strong_migrations "Adding a json column"; pg-index-health.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.column_types import new_columns
from pgwright.checks.lint_code import python_text
from pgwright.checks.lint_tables import report
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for new in new_columns(pending, CHECK.name):
        yield report(
            CHECK,
            new.step,
            new.about,
            f"{new.about} is of type json, which has no equality: SELECT DISTINCT and UNION of such rows fail.",
            evidence=[Evidence("also", one) for one in new.also],
            advice="Use sqlalchemy.dialects.postgresql.JSONB.",
            code=f"sa.Column({python_text(new.columns[0].name)}, postgresql.JSONB())",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="possible", find=find)
