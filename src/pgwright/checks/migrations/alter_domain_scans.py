"""Find changes of a domain that read every table with a column of it under a lock.

## What it does

Reports ALTER DOMAIN that made the twin read whole tables, one of which is not small.

## Why it matters

A constraint of a domain is checked in all columns of that type, in one statement: each of their tables is locked
against writes until the last one has been read, and to the end of the transaction.

## Example

    op.execute("ALTER DOMAIN amount ADD CONSTRAINT amount_check CHECK (VALUE > 0)")

Use instead:

    op.execute("ALTER DOMAIN amount ADD CONSTRAINT amount_check CHECK (VALUE > 0) NOT VALID")

## When it is wrong

The app is stopped while the revision runs.

## Source

PostgreSQL manual, ALTER DOMAIN (https://www.postgresql.org/docs/current/sql-alterdomain.html).
Also known as: squawk ban-alter-domain-with-add-constraint.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.locks import blocks_writes
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "alter domain"):
        tables = [one for one in step.worked_on if (mode := step.held.get(one)) is not None and blocks_writes(mode)]
        if not tables:
            continue
        yield report(
            CHECK,
            step,
            action.name,
            f"Changing the domain {action.name} reads {', '.join(map(step.sized, tables))} whole, while nobody can "
            f"write there, {step.how_long()}.",
            tables=tables,
            severity=step.severity(*tables),
            advice="Add the constraint NOT VALID, which reads nothing and holds for new values. For the old ones, "
            "put a CHECK on each table instead: it can be validated while the app writes.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
