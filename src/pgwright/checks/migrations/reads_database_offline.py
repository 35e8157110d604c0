"""Find revisions that `alembic upgrade --sql` cannot print, because they read from the database.

## What it does

Reports the pending revisions that ask the database by `op.get_bind()`, once for all of them.

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
from pgwright.figures import count, listing
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    reading = [one for one in pending.revisions if one.uses_bind]
    if not reading:
        return
    others = f", as in {count(len(reading) - 1, 'revision')} after it" if len(reading) > 1 else ""
    yield report_revision(
        CHECK,
        reading[0],
        "op.get_bind()",
        f"It reads from the database{others}, which `alembic upgrade --sql` cannot: the script lacks what hangs on it.",
        place=reading[0].uses_bind[0],
        evidence=(Evidence("where", listing([str(place) for one in reading for place in one.uses_bind])),),
        advice="Say it in SQL (IF EXISTS, IF NOT EXISTS, INSERT … SELECT), or ask context.is_offline_mode().",
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="info", confidence="certain", find=find)
