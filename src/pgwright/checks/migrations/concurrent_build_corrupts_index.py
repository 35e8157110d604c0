"""Find concurrent builds on a server whose concurrent builds corrupt indexes.

## What it does

Reports CREATE INDEX and REINDEX with CONCURRENTLY for a server of 14.0 to 14.3.

## Why it matters

In these versions a row that is updated during the build may be missing from the index: queries by the index do not find
it, and a unique index lets a second one in. Nothing reports it.

## Example

    op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True)  # on 14.2

Use instead:

    op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True)  # after the update to 14.4

## When it is wrong

The snapshot is older than the server's last update.

## Source

PostgreSQL 14.4 release notes: "Prevent possible corruption of indexes built with the CONCURRENTLY option"
(https://www.postgresql.org/docs/release/14.4/).
Also known as: strong_migrations "index corruption".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations

# As `server_version_num`.
FIRST_BROKEN, FIRST_MENDED = 140_000, 140_004


def find(pending: PendingMigrations) -> Iterator[Finding]:
    server = pending.snapshot.server if pending.snapshot is not None else None
    if server is None or not FIRST_BROKEN <= server.version_number < FIRST_MENDED:
        return
    for step, action in parts(pending, "create index", "reindex"):
        if action.is_concurrent:
            yield report(
                CHECK,
                step,
                action.name,
                f"PostgreSQL {server.version} may leave rows out of an index that it builds concurrently.",
                advice="Update the server to 14.4 or later first, and rebuild what it built concurrently before.",
            )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="certain", find=find)
