"""Find TRUNCATE … CASCADE that empties tables which nobody named.

## What it does

Reports TRUNCATE … CASCADE where the twin saw other tables emptied as well, which are not new and hold rows.

## Why it matters

Every table with a foreign key to the named one is emptied, and every table with a key to those, whatever ON DELETE
says.

## Example

    op.execute("TRUNCATE owner CASCADE")

Use instead:

    op.execute("TRUNCATE owner, note")  # all that is to be emptied, by name

## When it is wrong

All of these tables are meant to be emptied; then name them.

## Source

PostgreSQL manual, TRUNCATE: CASCADE (https://www.postgresql.org/docs/current/sql-truncate.html).
Also known as: squawk ban-truncate-cascade.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute
from pgwright.checks.lint_tables import in_words, report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step in steps(pending):
        truncated = [one for one in step.statement.actions if one.kind == "truncate"]
        if not any(one.is_cascade for one in truncated):
            continue
        named = {step.table(one.table) for one in truncated}
        locked = {one.table for one in step.locks if one.mode == "ACCESS EXCLUSIVE"}
        others = sorted(one for one in locked - named if not step.is_empty(one))
        if not others:
            continue
        every = [*(one for one in named if one is not None), *others]
        yield report(
            CHECK,
            step,
            in_words(one for one in named if one is not None),
            f"CASCADE empties {', '.join(map(step.sized, others))} as well, which the statement does not name.",
            tables=every,
            advice="Name every table that is to be emptied; without CASCADE the server refuses if one is missing.",
            code=execute(f"TRUNCATE {', '.join(one.short for one in every)}"),
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="certain", find=find)
