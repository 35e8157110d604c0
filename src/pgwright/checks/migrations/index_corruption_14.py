"""Find concurrent builds on PostgreSQL 14.0 to 14.3, which may end in a corrupt index.

## What it does

Reports CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY where the database's server is 14.0, 14.1, 14.2 or 14.3.

## Why it matters

Rows that are written during the build may be missing from the index: queries do not find them, and a unique index lets
duplicates in. Nothing says so.

## Example

    SELECT version();   -- PostgreSQL 14.2
    CREATE INDEX CONCURRENTLY ix_note_title ON note (title);

Use instead:

    SELECT version();   -- PostgreSQL 14.4 or later
    CREATE INDEX CONCURRENTLY ix_note_title ON note (title);

## When it is wrong

The server is upgraded before the revision runs.

## Source

PostgreSQL 14.4, Release Notes (https://www.postgresql.org/docs/release/14.4/).
Also known as: strong_migrations, index corruption.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations

# 14.4 mended it.
AFFECTED = range(14_0000, 14_0004)


def find(pending: PendingMigrations) -> Iterator[Finding]:
    server = pending.snapshot.server if pending.snapshot is not None else None
    if server is None or server.version_number not in AFFECTED:
        return
    for step, action in parts(pending, "create index", "reindex"):
        if action.is_concurrent:
            yield report(
                CHECK,
                step,
                action.name or "an index",
                f"On PostgreSQL {server.version} a concurrent build may miss rows that are written meanwhile: the index "
                "is corrupt, and nothing says so.",
                evidence=[Evidence("server", server.version)],
                advice="Upgrade the server to 14.4 or later first. Check the indexes built so far with amcheck: "
                "bt_index_check(index, heapallindexed => true).",
            )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="certain", find=find)
