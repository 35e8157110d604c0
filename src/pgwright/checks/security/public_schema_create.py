"""Find databases in which every role may create objects in the schema `public`.

## What it does

Reports when PUBLIC holds CREATE on the schema `public`, as it did by default before PostgreSQL 15 and still does in
databases that came from there by pg_upgrade or a dump.

## Why it matters

Any role can put a function or a table there whose name shadows one that others call, and so run its code with their
rights.

## Example

    GRANT ALL ON SCHEMA public TO PUBLIC;

Use instead:

    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    GRANT CREATE ON SCHEMA public TO migrator;

## When it is wrong

A database with a single role.

## Source

PostgreSQL manual, Schemas: Usage Patterns
(https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATTERNS) and CVE-2018-1058.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.snapshot import Snapshot

# The right that PUBLIC should not have there.
PRIVILEGE = "CREATE"


def find(snapshot: Snapshot) -> Iterator[Finding]:
    if snapshot.server.public_may_create:
        yield CHECK.found(
            "public",
            "Every role may create objects in the schema public, and so shadow what others call.",
            evidence=[
                Evidence("privilege of PUBLIC", PRIVILEGE),
                Evidence("server version", snapshot.server.version),
            ],
            advice="Take the right from PUBLIC, and grant it to the role that runs the migrations.",
            sql=f"REVOKE {PRIVILEGE} ON SCHEMA public FROM PUBLIC",
        )


CHECK = Check(__name__, reads=Snapshot, severity="medium", confidence="certain", find=find)
