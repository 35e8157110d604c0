"""Find triggers that are made under a lock which writes queue behind.

## What it does

Reports CREATE TRIGGER on a table that is not small, where nothing sets a lock_timeout.

## Why it matters

It takes SHARE ROW EXCLUSIVE, for a moment. But it waits for every transaction that has written to the table, and all
other writes queue behind it meanwhile. From then on, each write pays for the trigger.

## Example

    op.execute("CREATE TRIGGER note_log AFTER UPDATE ON note FOR EACH ROW EXECUTE FUNCTION log_note()")

Use instead:

    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("CREATE TRIGGER note_log AFTER UPDATE ON note FOR EACH ROW EXECUTE FUNCTION log_note()")

## When it is wrong

Transactions that write to the table are all short.

## Source

PostgreSQL manual, Explicit Locking: SHARE ROW EXCLUSIVE
(https://www.postgresql.org/docs/current/explicit-locking.html).
Also known as: none of the peers has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines
from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.sqltext.rewording import plain


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "create trigger"):
        table = step.table(action.table)
        if table is None or not step.matters(table) or step.has_lock_timeout:
            continue
        yield report(
            CHECK,
            step,
            f"{table.short} ({action.name})",
            f"Making a trigger on {step.sized(table)} waits for every transaction that writes there, and all other "
            "writes queue behind it meanwhile.",
            tables=[table],
            advice="Give up after a short lock_timeout, and try again.",
            code=lines(execute("SET LOCAL lock_timeout = '2s'"), execute(plain(step.statement.text))),
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="info", confidence="likely", find=find)
