"""Find concurrent builds that run inside a transaction, where the server refuses them.

## What it does

Reports CREATE INDEX, DROP INDEX, REINDEX and DETACH PARTITION with CONCURRENTLY outside of `autocommit_block()`.

## Why it matters

The server refuses them: `CREATE INDEX CONCURRENTLY cannot run inside a transaction block`. The revision fails, and with
it the deploy.

## Example

    op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True)

Use instead:

    with op.get_context().autocommit_block():
        op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True)

## When it is wrong

`env.py` runs this database's revisions with the isolation level AUTOCOMMIT, other than here.

## Source

PostgreSQL manual, CREATE INDEX; Alembic, `MigrationContext.autocommit_block`
(https://alembic.sqlalchemy.org/en/latest/api/runtime.html).
Also known as: squawk ban-concurrent-index-creation-in-transaction.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import in_autocommit
from pgwright.checks.lint_tables import report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations

_KINDS = ("create index", "drop index", "reindex", "detach partition")
_REFUSED = "cannot run inside a transaction block"


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step in steps(pending):
        names = [one.name or "partition" for one in step.statement.actions if one.is_concurrent and one.kind in _KINDS]
        is_refused = _REFUSED in step.statement.error
        if step.statement.is_autocommit and not is_refused:
            continue
        if not names and not is_refused:
            continue
        what = names[0] if names else " ".join(step.statement.text.split()[:2])
        yield report(
            CHECK,
            step,
            what,
            f"The server refuses this inside a transaction, so the revision fails: {step.statement.error or _REFUSED}.",
            advice="Run it in autocommit_block(), in a revision of its own: the block commits what ran before it.",
            code=in_autocommit(step.statement.text),
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="certain", find=find)
