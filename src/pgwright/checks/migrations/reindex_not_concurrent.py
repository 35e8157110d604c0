"""Find indexes that are built anew while the app cannot use their table.

## What it does

Reports REINDEX without CONCURRENTLY where one of the tables is not small.

## Why it matters

REINDEX locks the table against writes, and the index that it builds against every plan that would use it, which is
nearly every query of the table: PostgreSQL looks at all indexes of a table to plan one.

## Example

    op.execute("REINDEX INDEX ix_note_title")

Use instead:

    with op.get_context().autocommit_block():
        op.execute("REINDEX INDEX CONCURRENTLY ix_note_title")

## When it is wrong

The app is stopped while the revision runs.

## Source

PostgreSQL manual, REINDEX: Rebuilding Indexes Concurrently
(https://www.postgresql.org/docs/current/sql-reindex.html#SQL-REINDEX-CONCURRENTLY).
Also known as: squawk require-concurrent-reindex; django-migration-linter REINDEX.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import autocommit, execute
from pgwright.checks.lint_tables import in_words, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.sqltext.rewording import concurrently


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "reindex"):
        tables = [one for one in dict.fromkeys(lock.table for lock in step.locks) if step.matters(one)]
        if action.is_concurrent or not tables:
            continue
        code = concurrently(step.statement.text)
        yield report(
            CHECK,
            step,
            action.name or in_words(tables),
            f"REINDEX stops writes to {', '.join(map(step.sized, tables))}, and nearly every query, {step.how_long()}.",
            tables=tables,
            severity=step.severity(*tables),
            advice="Rebuild it CONCURRENTLY, outside of a transaction.",
            code=autocommit(execute(code)) if code else "",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
