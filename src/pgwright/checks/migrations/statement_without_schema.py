"""Find statements that leave it to `search_path` which of several tables they mean.

## What it does

Reports a change of a table without its schema, where the database has tables of that name in several schemas.

## Why it matters

Which one is changed hangs on the `search_path` of the role that runs the revision: on one server it is the app's table,
on another the archive's.

## Example

    op.execute("ALTER TABLE note ADD COLUMN title text")

Use instead:

    op.execute("ALTER TABLE public.note ADD COLUMN title text")

## When it is wrong

A schema is a tenant, and `env.py` sets `search_path` for each in turn.

## Source

PostgreSQL manual, The Schema Search Path.
Also known as: squawk require-table-schema, which asks for it in every database.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import parts, report
from pgwright.figures import listing
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import ActionKind, PendingMigrations
from pgwright.model.names import quote

_CHANGES: tuple[ActionKind, ...] = (
    "add column", "drop column", "rename column", "change type", "set default", "drop default", "set not null",
    "drop not null", "add check", "add foreign key", "add unique", "add primary key", "drop constraint", "drop table",
    "rename table", "truncate", "create index", "update", "delete", "insert",
)  # fmt: skip


def find(pending: PendingMigrations) -> Iterator[Finding]:
    schemas: dict[str, list[str]] = {}
    for table in pending.snapshot.tables if pending.snapshot is not None else ():
        schemas.setdefault(table.name.name, []).append(table.name.schema)
    told: set[tuple[str, str]] = set()
    for step, action in parts(pending, *_CHANGES):
        if action.table is None or action.table.schema:
            continue
        name, key = action.table.name, (step.revision.revision, action.table.name)
        there = schemas.get(name, [])
        meant = step.table(action.table)
        if len(there) < 2 or key in told or (meant is not None and step.is_new(meant)):
            continue
        told.add(key)
        yield report(
            CHECK,
            step,
            name,
            f"{name} is a table of {listing(there)}: which one is meant hangs on the search_path of the role that runs "
            "this.",
            evidence=[Evidence("schemas", listing(there))],
            advice=f"Name the schema: {quote(meant.schema) if meant else 'public'}.{quote(name)}, or schema=… of the "
            "operation.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="info", confidence="possible", find=find)
