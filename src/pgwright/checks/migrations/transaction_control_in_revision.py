"""Find revisions that begin or end transactions themselves, behind Alembic's back.

## What it does

Reports BEGIN, COMMIT and ROLLBACK that a revision sends, as SQL or by `op.get_bind().commit()`.

## Why it matters

COMMIT ends the transaction that Alembic began, with the revision half done and its version not yet written: if what
follows fails, the next run does the first half again. After `op.get_bind().commit()` even a whole revision is lost to
Alembic: it writes the version in a transaction that nobody commits, unless env.py does after `run_migrations()`.
`pgwright migrate` commits it. BEGIN inside of a transaction is only a warning.

## Example

    op.execute("COMMIT")
    op.execute("CREATE INDEX CONCURRENTLY ix_note_title ON note (title)")

Use instead:

    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_note_title ON note (title)")

## When it is wrong

The revision can be run again from any point.

## Source

Alembic, `MigrationContext.autocommit_block` (https://alembic.sqlalchemy.org/en/latest/api/runtime.html).
Also known as: squawk transaction-nesting and ban-uncommitted-transaction.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import ActionKind, PendingMigrations

_WORDS: dict[ActionKind, str] = {
    "commit": "ends Alembic's transaction in the midst of the revision: what follows may fail with the first half done",
    "rollback": "undoes what the revision did so far, which Alembic takes for done",
    "begin": "begins nothing inside of Alembic's transaction; outside of it, nobody ends what it begins",
}


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step in steps(pending):
        kinds = [one.kind for one in step.statement.actions if one.kind in _WORDS]
        if not kinds:
            continue
        yield report(
            CHECK,
            step,
            kinds[0].upper(),
            f"{kinds[0].upper()} {_WORDS[kinds[0]]}.",
            advice="Leave it out. What must run outside of a transaction goes into autocommit_block(), in a revision "
            "of its own.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
