"""Find changes of row security made under a lock that every query queues behind.

## What it does

Reports ENABLE and DISABLE ROW LEVEL SECURITY and CREATE POLICY on a table that is not small, where nothing sets a
lock_timeout.

## Why it matters

They take ACCESS EXCLUSIVE, for a moment. But they wait for the longest query of the table, and all other queries queue
behind them meanwhile. With row security on and no policy yet, the app sees no rows.

## Example

    op.execute("ALTER TABLE note ENABLE ROW LEVEL SECURITY")

Use instead:

    op.execute("SET LOCAL lock_timeout = '2s'")
    op.execute("ALTER TABLE note ENABLE ROW LEVEL SECURITY")

## When it is wrong

Queries of the table are all short.

## Source

PostgreSQL manual, Row Security Policies (https://www.postgresql.org/docs/current/ddl-rowsecurity.html).
Also known as: none of the peers has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines
from pgwright.checks.lint_tables import parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.sqltext.rewording import plain


def find(pending: PendingMigrations) -> Iterator[Finding]:
    seen: set[tuple[str, int, QualifiedName]] = set()
    for step, action in parts(pending, "enable row security", "disable row security", "create policy"):
        table = step.table(action.table)
        if table is None or not step.matters(table) or step.has_lock_timeout:
            continue
        place = step.revision.revision, step.statement.transaction, table
        if place in seen:  # the table is locked already
            continue
        seen.add(place)
        yield report(
            CHECK,
            step,
            table.short,
            f"Changing the row security of {step.sized(table)} waits for its longest query, and all others queue "
            "behind it meanwhile.",
            tables=[table],
            advice="Give up after a short lock_timeout, and try again. Make the policies in the same transaction that "
            "enables row security.",
            code=lines(execute("SET LOCAL lock_timeout = '2s'"), execute(plain(step.statement.text))),
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="info", confidence="likely", find=find)
