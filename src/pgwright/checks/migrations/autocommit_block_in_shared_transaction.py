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
    blocks = [step for step in steps(pending) if step.statement.is_autocommit]
    revisions = {step.revision.revision for step in blocks}
    if blocks:
        others = f", and so do those of {count(len(revisions) - 1, 'revision')} after it" if len(revisions) > 1 else ""
        yield report(
            CHECK,
            blocks[0],
            "autocommit_block()",
            f"autocommit_block() commits the transaction that all pending revisions share{others}: if a later one "
            "fails, those before it stay.",
            advice="Give each revision a transaction of its own: transaction_per_migration=True in "
            f"{environment.path}.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="certain", find=find)
