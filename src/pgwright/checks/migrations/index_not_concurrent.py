"""Find indexes that are built while the app cannot write.

## What it does

Reports CREATE INDEX without CONCURRENTLY on a table that is not small, and not new. On a partitioned table, where the
server refuses CONCURRENTLY, the safe way builds the index partition by partition.

## Why it matters

CREATE INDEX locks the table in SHARE mode until its transaction ends: every INSERT, UPDATE and DELETE waits for the
build, and for all that the revision does after it.

## Example

    op.create_index("ix_note_title", "note", ["title"])

Use instead:

    with op.get_context().autocommit_block():
        op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True)

## When it is wrong

The app is stopped while the revision runs, or never writes to the table. A concurrent build takes about twice as long.

## Source

PostgreSQL manual, CREATE INDEX: Building Indexes Concurrently
(https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY).
Also known as: squawk require-concurrent-index-creation; strong_migrations "Adding an index non-concurrently";
django-migration-linter CREATE_INDEX; pgReviewer "non-concurrent index".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import concurrent_index, partitioned_index
from pgwright.checks.lint_tables import LintStep, as_written, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "create index"):
        table = step.table(action.table)
        if table is not None and not action.is_concurrent and step.matters(table) and not _is_on_only(step, table):
            yield _finding(step, action, table)


def _is_on_only(step: LintStep, table: QualifiedName) -> bool:
    """Tell whether only a partitioned table itself got the index, which reads nothing."""
    partitions = step.partitions(table)
    return partitions != () and not any(one.table != table for one in step.statement.locks)


def _finding(step: LintStep, action: Action, table: QualifiedName) -> Finding:
    name = action.name or next((one.name for one in step.statement.built), "")
    partitions = step.partitions(table)
    return report(
        CHECK,
        step,
        f"{table.short} ({name})",
        f"Building {name} keeps the app from writing to {step.sized(table)} {step.how_long()}, "
        "and then to the end of the transaction: inserts, updates and deletes wait.",
        tables=[table],
        severity=step.severity(table),
        advice=_advice(partitions),
        code=_code(step, action, name, partitions),
    )


def _advice(partitions: tuple[QualifiedName, ...] | None) -> str:
    if partitions == ():
        return "Build it CONCURRENTLY, outside of a transaction, in a revision of its own."
    return (
        "The server builds no index of a partitioned table concurrently: create it on the parent alone (ON ONLY), "
        "build it on each partition CONCURRENTLY, and attach those, in a revision of its own. It is valid "
        "with the last one."
    )


def _code(step: LintStep, action: Action, name: str, partitions: tuple[QualifiedName, ...] | None) -> str:
    if action.table is None or not name or partitions is None:
        return ""
    text = step.statement.text
    if partitions:
        built = {one.table: one.relation.name for one in step.statement.locks if one.relation in step.statement.built}
        named = {one.short: built.get(one, "") for one in partitions}
        return partitioned_index(text, name, as_written(action.table), named)
    return concurrent_index(text, name, action.table.name, action.table.schema, is_unique=action.is_unique)


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
