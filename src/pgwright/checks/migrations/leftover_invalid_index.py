"""Find indexes whose name an invalid leftover has in the database.

## What it does

Reports CREATE INDEX of a name that the snapshot has as an invalid index: what a failed or interrupted concurrent build
left.

## Why it matters

With IF NOT EXISTS the server keeps the invalid index and says that it exists: the revision counts as done, every write
pays for the index, and no query may use it. Without these words the revision fails, because the name is taken.

## Example

    op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True, if_not_exists=True)

Use instead:

    with op.get_context().autocommit_block():
        op.drop_index("ix_note_title", table_name="note", postgresql_concurrently=True, if_exists=True)
        op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True)

## When it is wrong

The build was still running when the snapshot was read.

## Source

PostgreSQL manual, CREATE INDEX: Building Indexes Concurrently.
Also known as: strong_migrations removes such leftovers before it builds an index.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import concurrent_index
from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    snapshot = pending.snapshot
    invalid = {one.name.name: one for one in snapshot.indexes if not one.is_valid} if snapshot is not None else {}
    dropped: set[str] = set()
    for step, action in parts(pending, "create index", "drop index"):
        if action.kind == "drop index":
            dropped.add(action.name)
        elif (left := invalid.get(action.name)) is not None and action.name not in dropped and action.table:
            ends = "keeps it, and the revision counts as done" if action.if_exists else "fails, for the name is taken"
            yield report(
                CHECK,
                step,
                f"{left.table.short} ({action.name})",
                f"The database has an invalid index {action.name}, which no query uses: CREATE INDEX {ends}.",
                tables=[left.table],
                evidence=[Evidence("invalid", left.sql)],
                advice="Drop the leftover concurrently, and build the index without IF NOT EXISTS.",
                code=concurrent_index(
                    step.statement.text, action.name, action.table.name, action.table.schema, is_unique=action.is_unique
                ),
            )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="certain", find=find)
