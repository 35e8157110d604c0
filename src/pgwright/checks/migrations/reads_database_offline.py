"""Find revisions that `alembic upgrade --sql` cannot print, because they read from the database.

## What it does

Reports a revision that asks the database by `op.get_bind()`.

## Why it matters

With `--sql` there is no database: what is read is nothing, and the script lacks statements or cannot be made. Teams
whose DBA runs the script, and tools that read it, cannot use the chain from here on.

## Example

    if not sa.inspect(op.get_bind()).has_table("note"):
        op.create_table("note", …)

Use instead:

    op.create_table("note", …, if_not_exists=True)

## When it is wrong

Nobody uses `--sql`: allow `reads-database-offline`.

## Source

Alembic, Generating SQL Scripts (a.k.a. "Offline Mode").
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_python import report_revision
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for revision in pending.revisions:
        if revision.uses_bind:
            yield report_revision(
                CHECK,
                revision,
                "op.get_bind()",
                "It reads from the database, which `alembic upgrade --sql` cannot: its script lacks what hangs on it.",
                place=revision.uses_bind[0],
                advice="Say it in SQL (IF EXISTS, IF NOT EXISTS, INSERT … SELECT), or ask context.is_offline_mode().",
            )


CHECK = Check(__name__, reads=PendingMigrations, severity="info", confidence="certain", find=find)
