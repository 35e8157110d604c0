"""Find runs of revisions whose statements may take any time under a lock.

## What it does

Reports pending revisions that lock a table which is not small, where neither they, nor `env.py`, nor the role or the
database set a statement_timeout.

## Why it matters

A statement that takes longer than anybody thought, because the table is larger in production, holds its lock to the
end. With a statement_timeout it fails, the transaction is undone, and the app goes on.

## Example

    connection.exec_driver_sql("SET lock_timeout = '2s'")

Use instead:

    connection.exec_driver_sql("SET lock_timeout = '2s'")
    connection.exec_driver_sql("SET statement_timeout = '60s'")

## When it is wrong

What runs CONCURRENTLY may take hours, and harms nobody: it needs `SET statement_timeout = 0` in its revision.

## Source

PostgreSQL manual, statement_timeout (https://www.postgresql.org/docs/current/runtime-config-client.html).
Also known as: squawk require-timeout-settings; strong_migrations "Statement timeouts".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import environment_with
from pgwright.checks.lint_tables import LintStep, report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.locks import blocks_writes
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    environment = pending.environment
    if environment.sets_statement_timeout is not False or environment.runs_safely:
        return
    for step in steps(pending):
        tables = [one for one, mode in step.held.items() if blocks_writes(mode) and step.matters(one)]
        if tables and not _sets(step):
            yield report(
                CHECK,
                step,
                environment.path or "env.py",
                "Nothing sets a statement_timeout: a statement that works longer than expected keeps "
                f"{tables[0].short} locked to its end.",
                is_of_revision=False,
                tables=tables[:1],
                advice="Set a statement_timeout in env.py, longer than any statement is meant to take under a lock, "
                "and `SET statement_timeout = 0` in revisions that work CONCURRENTLY.",
                code=environment_with("SET statement_timeout = '60s'"),
            )
            return


def _sets(step: LintStep) -> bool:
    earlier = step.revision.upgrade.statements[: step.position]
    return any(one.kind == "set" and one.name == "statement_timeout" for each in earlier for one in each.actions)


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="likely", find=find)
