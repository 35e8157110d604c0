"""Find partitions that are detached under a lock that stops every query of the partitioned table.

## What it does

Reports DETACH PARTITION without CONCURRENTLY from a table that is not small. A table with a DEFAULT partition is
reported too where nothing sets a lock_timeout: there the server refuses CONCURRENTLY.

## Why it matters

It takes ACCESS EXCLUSIVE on the partitioned table: it waits for the longest query of any of its partitions, and all
other queries queue behind it meanwhile.

## Example

    op.execute("ALTER TABLE event DETACH PARTITION event_2025")

Use instead:

    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE event DETACH PARTITION event_2025 CONCURRENTLY")

## When it is wrong

Queries of the table are all short. If it is interrupted, `DETACH PARTITION … FINALIZE` ends it.

## Source

PostgreSQL manual, ALTER TABLE, DETACH PARTITION (https://www.postgresql.org/docs/current/sql-altertable.html); from
PostgreSQL 14 on.
Also known as: squawk require-concurrent-partition-detach.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import autocommit, execute, lines
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.sqltext.rewording import concurrently, plain

# Since then it can be done concurrently.
CONCURRENT_DETACH = 14


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "detach partition"):
        table = step.table(action.table)
        if table is None or action.is_concurrent or not step.matters(table):
            continue
        can = step.default_partition(table) is None and step.major >= CONCURRENT_DETACH
        if can or not step.has_lock_timeout:
            yield _finding(step, action, table, can=can)


def _finding(step: LintStep, action: Action, table: QualifiedName, *, can: bool) -> Finding:
    partition = action.references.name if action.references is not None else ""
    default = step.default_partition(table)
    refused = f"for {default.name.short} is its DEFAULT partition" if default is not None else "before PostgreSQL 14"
    text = step.statement.text
    return report(
        CHECK,
        step,
        f"{table.short} ({partition})",
        f"Detaching {partition} locks all of {step.sized(table)} for reads and writes; while it waits for a long "
        "query, all others queue behind it.",
        tables=[table],
        advice="Detach it CONCURRENTLY, outside of a transaction, in a revision of its own."
        if can
        else f"The server refuses CONCURRENTLY here, {refused}: give up after a short lock_timeout, and try again.",
        code=autocommit(execute(concurrently(text)))
        if can
        else lines(execute("SET LOCAL lock_timeout = '2s'"), execute(plain(text))),
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
