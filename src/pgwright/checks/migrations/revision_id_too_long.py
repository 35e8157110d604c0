"""Find revision ids that `alembic_version` does not take.

## What it does

Reports a revision id that is longer than the column `version_num`: 32 characters, unless the database has another.

## Why it matters

The revision runs, and then Alembic fails to write down that it ran: `value too long for type character varying(32)`.
All is rolled back, except what an autocommit block did.

## Example

    revision = "2026_11_30_add_the_note_of_the_customer"

Use instead:

    revision = "2026_11_30_customer_note"

## When it is wrong

`env.py` makes the column wider in a database that is not made yet.

## Source

Alembic, `MigrationContext`: `version_num VARCHAR(32)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.checks.lint_python import report_revision
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations

# alembic.runtime.migration: String(32).
LENGTH = 32
# Of `pg_dump --schema-only`.
_COLUMN = re.compile(r"^ +version_num (text|character varying)(?:\((\d+)\))?", re.MULTILINE)


def find(pending: PendingMigrations) -> Iterator[Finding]:
    most = _length(pending)
    for revision in pending.revisions:
        if most is not None and len(revision.revision) > most:
            yield report_revision(
                CHECK,
                revision,
                "revision id",
                f"The id has {len(revision.revision)} characters, and alembic_version takes {most}: Alembic fails when "
                "it writes down that the revision ran, and all is rolled back.",
                advice=f"Give it an id of at most {most} characters, and the same to the revision that follows it.",
            )


def _length(pending: PendingMigrations) -> int | None:
    """Return how long an id may be; None: as long as one likes."""
    found = _COLUMN.search(pending.snapshot.schema_sql) if pending.snapshot is not None else None
    if found is not None:
        return int(found[2]) if found[2] else None
    return None if any(len(one) > LENGTH for one in pending.start) else LENGTH


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
