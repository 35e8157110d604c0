"""Find new indexes with more key columns than queries make use of.

## What it does

Reports a new index of more than three keys that is not unique, on a table that is not small.

## Why it matters

A search narrows an index by its leading columns; what comes after the first column that is compared with a range only
filters. Each further key makes the index larger and each write dearer.

## Example

    op.create_index("ix_note", "note", ["owner_id", "state", "kind", "created_at"])

Use instead:

    op.create_index("ix_note", "note", ["owner_id", "state", "created_at"])

## When it is wrong

A frequent query compares all the columns, or reads nothing but the index; `pgwright advise` plans both.

## Source

PostgreSQL manual, Multicolumn Indexes: "indexes with more than three columns are unlikely to be helpful"
(https://www.postgresql.org/docs/current/indexes-multicolumn.html).
Also known as: strong_migrations "Keeping non-unique indexes to three columns or less".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations

# By the manual more "are unlikely to be helpful".
MOST_KEYS = 3


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "create index"):
        table = step.table(action.table)
        if table is None or action.is_unique or len(action.columns) <= MOST_KEYS or not step.matters(table):
            continue
        yield report(
            CHECK,
            step,
            f"{table.short} ({action.name})",
            f"{action.name} on {step.sized(table)} has {len(action.columns)} keys: few queries narrow a search by more "
            f"than {MOST_KEYS}, and every write pays for them.",
            tables=[table],
            advice="Keep the keys that queries compare for equality, then one that they compare by range or sort by; "
            "put what they only return into INCLUDE.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="info", confidence="possible", find=find)
