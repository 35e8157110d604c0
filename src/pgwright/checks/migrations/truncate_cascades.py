"""Find TRUNCATE CASCADE that empties tables which the revision does not name.

## What it does

Reports TRUNCATE … CASCADE of a table to which foreign keys refer, with the tables that it empties, too.

## Why it matters

CASCADE follows every foreign key, whatever its ON DELETE says, and empties whole tables: also rows that refer to nothing.
No row trigger fires, and no downgrade brings the rows back.

## Example

    op.execute("TRUNCATE tag CASCADE")

Use instead:

    op.execute("DELETE FROM note_tag")
    op.execute("DELETE FROM tag")

## When it is wrong

All these tables are meant to be emptied.

## Source

PostgreSQL manual, TRUNCATE (https://www.postgresql.org/docs/current/sql-truncate.html).
Also known as: squawk ban-truncate-cascade.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines
from pgwright.checks.lint_tables import Step, in_words, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import QualifiedName


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "truncate"):
        table = step.table(action.table)
        if table is None or not action.is_cascade:
            continue
        emptied = _referring(step, table)
        if not emptied and pending.snapshot is not None:
            continue
        which = in_words(emptied) if emptied else "every table that refers to it, which are unknown here"
        yield report(
            CHECK,
            step,
            table.short,
            f"TRUNCATE {table.short} CASCADE also empties {which}: their rows are lost.",
            tables=[table, *emptied],
            severity="high" if emptied else "medium",
            advice="Delete the rows that are meant, by name, those that refer first. Without CASCADE the server "
            "refuses to empty a table to which others refer.",
            code=lines(*(execute(f"DELETE FROM {one}") for one in (*reversed(emptied), table))),
        )


def _referring(step: Step, table: QualifiedName) -> list[QualifiedName]:
    """Return the tables that refer to one, at any depth, the nearest first."""
    snapshot, known = step.pending.snapshot, step.known(table)
    if snapshot is None or known is None:
        return []
    found: list[QualifiedName] = []
    waiting = [known.name]
    while waiting:
        to = waiting.pop(0)
        for key in snapshot.foreign_keys:
            if key.referenced_table == to and key.table not in (known.name, *found):
                found.append(key.table)
                waiting.append(key.table)
    return found


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="certain", find=find)
