"""Find autocommit blocks in a run whose revisions share one transaction.

## What it does

Reports revisions with `autocommit_block()` where `env.py` does not set `transaction_per_migration=True`, and several
revisions are pending.

## Why it matters

The block commits the transaction that runs: that of all revisions so far. If a later one fails, the earlier ones stay,
although the team counts on all or nothing; and the locks of all of them were held together until then.

## Example

    context.configure(connection=connection, target_metadata=target_metadata)

Use instead:

    context.configure(connection=connection, target_metadata=target_metadata, transaction_per_migration=True)

## When it is wrong

Revisions are always run one at a time.

## Source

Alembic, `MigrationContext.autocommit_block`: "it is recommended that … transaction_per_migration be set to True"
(https://alembic.sqlalchemy.org/en/latest/api/runtime.html).
Also known as: none of the peers has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import report, steps
from pgwright.figures import count
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    environment = pending.environment
    is_shared = environment.transaction_per_migration is False and not environment.runs_safely
    if not is_shared or len(pending.revisions) == 1:
        return
    blocks = {step.revision.revision: step for step in reversed([*steps(pending)]) if step.statement.is_autocommit}
    if not blocks:
        return
    step = list(blocks.values())[-1]  # the first one
    yield report(
        CHECK,
        step,
        environment.path or "env.py",
        f"{count(len(blocks), 'pending revision')} with autocommit_block() will each commit the transaction that all "
        "pending revisions share: if a later one fails, those before the block stay.",
        advice=f"Set transaction_per_migration=True where {environment.path or 'env.py'} configures the context.",
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="certain", find=find)
