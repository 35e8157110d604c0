"""Find runs in which all pending revisions share one transaction, and so hold all their locks together.

## What it does

Reports `env.py` without `transaction_per_migration=True` where more than one of the pending revisions locks a table of
the app against writes.

## Why it matters

The locks of the first revision are held until the last one has run. And more tables are locked at once, so that a
deadlock with the app is more likely.

## Example

    context.configure(connection=connection, target_metadata=target_metadata)

Use instead:

    context.configure(connection=connection, target_metadata=target_metadata, transaction_per_migration=True)

## When it is wrong

Each deploy brings one revision.

## Source

Alembic, `EnvironmentContext.configure`: transaction_per_migration
(https://alembic.sqlalchemy.org/en/latest/api/runtime.html).
Also known as: none of the peers has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import LintStep, in_words, report, steps
from pgwright.figures import count
from pgwright.model.finding import Check, Finding
from pgwright.model.locks import blocks_writes
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import QualifiedName


def find(pending: PendingMigrations) -> Iterator[Finding]:
    environment = pending.environment
    if environment.transaction_per_migration is not False or environment.runs_safely:
        return
    locking: dict[str, tuple[LintStep, list[QualifiedName]]] = {}
    for step in steps(pending):
        tables = [one for one, mode in step.held.items() if blocks_writes(mode) and not step.is_empty(one)]
        if tables and step.revision.revision not in locking:
            locking[step.revision.revision] = step, tables
    if len(locking) > 1:
        step, tables = next(iter(locking.values()))
        yield report(
            CHECK,
            step,
            environment.path or "env.py",
            f"{count(len(locking), 'pending revision')} lock tables of the app in one transaction: {in_words(tables)} "
            "stays locked until the last of them has run.",
            is_of_revision=False,
            tables=tables[:1],
            advice=f"Set transaction_per_migration=True where {environment.path or 'env.py'} configures the context.",
            code="# env.py\ncontext.configure(connection=connection, target_metadata=target_metadata, "
            "transaction_per_migration=True)",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
