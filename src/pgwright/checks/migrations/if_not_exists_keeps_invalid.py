"""Find concurrent builds that would take an invalid leftover for the index itself.

## What it does

Reports CREATE INDEX CONCURRENTLY IF NOT EXISTS where nothing dropped the index before.

## Why it matters

A build that is cancelled, meets a duplicate, or runs into a timeout leaves an invalid index. The revision is run again,
IF NOT EXISTS finds the name taken, and the revision counts as done, without an index that any query may use.

## Example

    with op.get_context().autocommit_block():
        op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True, if_not_exists=True)

Use instead:

    with op.get_context().autocommit_block():
        op.drop_index("ix_note_title", table_name="note", postgresql_concurrently=True, if_exists=True)
        op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True)

## When it is wrong

A valid index of this name is there in some databases: then it would be built again. `create_index` of
`pgwright_runtime.migrations` drops only an invalid one.

## Source

PostgreSQL manual, CREATE INDEX: "Emit a notice … Note that there is no guarantee that the existing index is anything
like the one that would have been created."
Also known as: none of the peers has it; squawk prefer-robust-stmts asks for IF NOT EXISTS.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import concurrent_index
from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    snapshot = pending.snapshot
    # Those have a finding of their own.
    left = {one.name.name for one in snapshot.indexes if not one.is_valid} if snapshot is not None else set()
    dropped: set[str] = set()
    for step, action in parts(pending, "create index", "drop index"):
        if action.kind == "drop index":
            dropped.add(action.name)
            continue
        table = step.table(action.table)
        is_kept = action.is_concurrent and action.if_exists and action.name not in dropped | left
        if (
            not is_kept
            or step.statement.looked_for_invalid
            or action.table is None
            or table is None
            or not step.matters(table)
        ):
            continue
        yield report(
            CHECK,
            step,
            f"{table.short} ({action.name})",
            f"If the build of {action.name} is interrupted, the next run keeps the invalid index that it left: "
            "the revision counts as done, and no query uses the index.",
            tables=[table],
            advice="Drop what a build may have left, concurrently, and build without IF NOT EXISTS.",
            code=concurrent_index(
                step.statement.text, action.name, action.table.name, action.table.schema, is_unique=action.is_unique
            ),
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="likely", find=find)
