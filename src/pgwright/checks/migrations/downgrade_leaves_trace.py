"""Find downgrades that leave something of the upgrade behind, or take too much.

## What it does

Runs `upgrade()` and then `downgrade()` on the twin, and reports what the schema has afterwards that it did not have
before, or lacks. A downgrade that does nothing at all is the word of `downgrade-missing`.

## Why it matters

The next upgrade fails over what is left, most often an enum type: `type … already exists`. What is lacking is missed by
the code that runs again.

## Example

    def downgrade():
        op.drop_table("job")                 # its enum type stays

Use instead:

    def downgrade():
        op.drop_table("job")
        op.execute("DROP TYPE job_state")

## When it is wrong

It cannot be taken back, as a new value of an enum, or may stay.

## Source

PostgreSQL, observed on the twin.
Also known as: pytest-alembic "downgrade leaves no trace".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pgwright.checks.lint_python import function_of, place_of, report_revision, statements_of
from pgwright.figures import listing
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for revision in pending.revisions:
        down, function = revision.downgrade, function_of(revision, "downgrade")
        if down is None or down.error or not down.left or function is None:
            continue
        done = statements_of(function)
        if not done or isinstance(done[0], ast.Raise):
            continue
        kinds = {one.kind for each in revision.upgrade.statements for one in each.actions}
        if kinds == {"add enum value"}:
            continue
        left = listing(list(down.left), most=3)
        yield report_revision(
            CHECK,
            revision,
            "downgrade()",
            f"After upgrade and downgrade the schema is another than before: {left}.",
            place=place_of(revision, function, "downgrade"),
            evidence=(Evidence("differs", listing(list(down.left)), "measured"),),
            advice="Undo all that upgrade() made, types and sequences, too, and make again what it took.",
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="certain", find=find)
