"""Find changes of a column's type that write no row, but read them all or build indexes under a lock.

## What it does

Reports ALTER COLUMN … TYPE that rewrote nothing on the twin, but read the table whole or built one of its indexes anew.

## Why it matters

The table is locked for reads and writes meanwhile. A change that looks free, since it keeps the rows, is not.

## Example

    op.execute("ALTER TABLE note ALTER COLUMN title TYPE short_title")  # a domain with a CHECK

Use instead:

    op.execute("ALTER TABLE note ADD CONSTRAINT note_title_check CHECK (length(title) < 80) NOT VALID")

## When it is wrong

The app is stopped while the revision runs.

## Source

PostgreSQL manual, ALTER TABLE, SET DATA TYPE (https://www.postgresql.org/docs/current/sql-altertable.html).
Also known as: squawk changing-column-type; strong_migrations "Changing the type of a column";
django-migration-linter ALTER_COLUMN.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations

_INDEX = (
    "Keep the type if the new one gains nothing. Else drop the index concurrently first, where queries can do "
    "without it, and build it concurrently after."
)
_ROWS = (
    "Keep the type if the new one gains nothing. A CHECK of the column is checked anew for every row: drop it "
    "before, and after the change add it NOT VALID and validate it. What a domain checks, state as such a CHECK "
    "instead."
)


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "change type"):
        table = step.table(action.table)
        if table is None or not step.matters(table) or step.is_rewritten(table):
            continue
        built = sorted(one.name for one in step.statement.built)
        if not step.is_scanned(table) and not built:
            continue
        work = f"builds {', '.join(built)} anew" if built else "checks every row"
        yield report(
            CHECK,
            step,
            f"{table.short} ({action.name})",
            f"Changing {action.name} to {action.type} writes no row of {step.sized(table)}, but {work} while the app "
            f"can neither read nor write it, {step.how_long()}.",
            tables=[table],
            severity=step.severity(table),
            advice=_INDEX if built else _ROWS,
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
