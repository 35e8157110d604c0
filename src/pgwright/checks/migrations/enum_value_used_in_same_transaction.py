"""Find new enum values that are used before the transaction which adds them has ended.

## What it does

Reports revisions that the server refused with `unsafe use of new value`.

## Why it matters

A value that ALTER TYPE … ADD VALUE adds can only be used after its transaction: the revision fails, and with it the
deploy. With an enum that the same transaction created it works, so that a run from an empty database hides it.

## Example

    op.execute("ALTER TYPE state ADD VALUE 'late'")
    op.alter_column("note", "state", server_default="late")

Use instead:

    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE state ADD VALUE IF NOT EXISTS 'late'")
    op.alter_column("note", "state", server_default="late")

## When it is wrong

It is never: the server refused it.

## Source

PostgreSQL manual, ALTER TYPE: Notes (https://www.postgresql.org/docs/current/sql-altertype.html).
Also known as: none of the peers has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import in_autocommit
from pgwright.checks.lint_tables import report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations

_REFUSED = "unsafe use of new value"


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step in steps(pending):
        values = [one for one in step.statement.actions if one.kind == "add enum value"]
        errors = [step.revision.upgrade.error, *(one.statement.error for one in step.after)]
        if not values or not any(_REFUSED in one and f'"{values[0].name}"' in one for one in errors):
            continue
        yield report(
            CHECK,
            step,
            f"{values[0].type} ({values[0].name})",
            f"The revision uses {values[0].name!r} in the transaction that adds it, which the server refuses: "
            f"{next(one for one in errors if _REFUSED in one).splitlines()[0]}.",
            advice="Add the value in autocommit_block(), or in the revision before.",
            code=in_autocommit(step.statement.text),
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="certain", find=find)
