"""Find revisions that drop a database.

## What it does

Reports DROP DATABASE.

## Why it matters

Everything in it is lost. A revision runs on every server that the code is deployed to, and cannot know what has that
name there.

## Example

    op.execute("DROP DATABASE IF EXISTS reporting")

Use instead:

    # by hand, by somebody who has looked, after a dump:
    $ pg_dump --format=custom --file=reporting.dump reporting && dropdb --interactive reporting

## When it is wrong

Hardly ever.

## Source

PostgreSQL manual, DROP DATABASE.
Also known as: squawk ban-drop-database; pgReviewer "destructive DDL".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step in steps(pending):
        # Also where the twin refuses it: production may not.
        if any(one.kind == "drop database" for one in step.statement.actions):
            yield report(
                CHECK,
                step,
                "DROP DATABASE",
                "A revision drops a database: all that is in it is lost, on every server that this code goes to.",
                advice="Take it out of the revision. Dump the database, look at it, and drop it by hand.",
            )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="certain", find=find)
