"""Find schemas that a revision drops with the tables in them.

## What it does

Reports DROP SCHEMA of a schema that holds tables of the database; DROP SCHEMA … CASCADE also where that is unknown.

## Why it matters

Every table in it is lost with its rows, and every request that names one fails. No downgrade brings them back.

## Example

    op.execute("DROP SCHEMA reporting CASCADE")

Use instead:

    op.drop_table("daily", schema="reporting")
    op.execute("DROP SCHEMA reporting")          # refused while anything is left in it

## When it is wrong

The schema was scratch.

## Source

PostgreSQL manual, DROP SCHEMA.
Also known as: Atlas DS101.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines, next_revision
from pgwright.checks.lint_tables import in_words, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import quote


def find(pending: PendingMigrations) -> Iterator[Finding]:
    made: set[str] = set()
    for step, action in parts(pending, "create schema", "drop schema"):
        if action.kind == "create schema":
            made.add(action.name)
            continue
        snapshot = pending.snapshot
        held = [one.name for one in snapshot.tables if one.name.schema == action.name] if snapshot is not None else []
        if action.name in made or (not held and (snapshot is not None or not action.is_cascade)):
            continue
        which = in_words(held) if held else "all tables in it, which are unknown here"
        first = [execute(f"DROP TABLE {one}") for one in held]
        yield report(
            CHECK,
            step,
            action.name,
            f"With the schema {action.name} go {which}: their rows are lost, and requests that name them fail.",
            tables=held,
            severity="high" if held else "medium",
            advice="Stop naming its tables one deploy earlier, keep what is needed, and drop each table by name. "
            "Without CASCADE the server refuses to drop a schema that holds anything.",
            code=lines(
                f"# this deploy: the code no longer names anything in {action.name}",
                *([next_revision("no process runs that does")] if held else []),
                *first,
                execute(f"DROP SCHEMA {quote(action.name)}"),
            ),
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="certain", find=find)
