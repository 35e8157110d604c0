"""Find indexes that are dropped under a lock that stops every query of their table.

## What it does

Reports DROP INDEX without CONCURRENTLY on a table that is not small, and not new. The index of a partitioned table is
left out: the server drops it in no other way.

## Why it matters

DROP INDEX takes ACCESS EXCLUSIVE on the table, to the end of its transaction. The drop itself is short, but it waits
behind the longest query of the table, and every other query queues behind it meanwhile.

## Example

    op.drop_index("ix_note_title", table_name="note")

Use instead:

    with op.get_context().autocommit_block():
        op.drop_index("ix_note_title", table_name="note", postgresql_concurrently=True, if_exists=True)

## When it is wrong

A lock_timeout is set, and the revision is tried again when it runs out.

## Source

PostgreSQL manual, DROP INDEX (https://www.postgresql.org/docs/current/sql-dropindex.html).
Also known as: squawk require-concurrent-index-deletion; strong_migrations "Removing an index non-concurrently";
django-migration-linter DROP_INDEX.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import autocommit, drop_index
from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "drop index"):
        table = step.table(action.table)
        if table is None or action.is_concurrent or not step.matters(table) or step.partitions(table) != ():
            continue
        if step.is_dropped_later(table):
            continue
        schema = action.table.schema if action.table else ""
        yield report(
            CHECK,
            step,
            f"{table.short} ({action.name})",
            f"Dropping {action.name} locks {step.sized(table)} for reads and writes until the transaction ends; while "
            "it waits for a long query, all others queue behind it.",
            tables=[table],
            advice="Drop it CONCURRENTLY, outside of a transaction, in a revision of its own.",
            code=autocommit(drop_index(action.name, table.name, schema)),
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
