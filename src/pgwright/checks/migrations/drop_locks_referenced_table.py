"""Find drops that lock a second table, to which the first one refers.

## What it does

Reports DROP CONSTRAINT of a foreign key, and DROP TABLE, where the twin saw ACCESS EXCLUSIVE taken on another table
that is not small, and nothing sets a lock_timeout.

## Why it matters

The key's triggers are removed from the table that it refers to, which needs ACCESS EXCLUSIVE on it. Mostly that is the
busier table of the two: the drop waits for its longest query, and all other queries of it queue behind the drop.

## Example

    op.drop_constraint("fk_note_owner", "note")

Use instead:

    op.execute("SET LOCAL lock_timeout = '2s'")
    op.drop_constraint("fk_note_owner", "note")

## When it is wrong

The table that is referred to has only short queries.

## Source

PostgreSQL manual, ALTER TABLE, DROP CONSTRAINT; src/backend/commands/tablecmds.c, ATExecDropConstraint.
Also known as: Atlas CD101, which reports every foreign key that is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines
from pgwright.checks.lint_tables import in_words, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.sqltext.rewording import plain


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "drop constraint", "drop table"):
        table = step.table(action.table)
        locked = {one.table for one in step.locks if one.mode == "ACCESS EXCLUSIVE"}
        others = sorted(one for one in locked if one != table and step.matters(one))
        if action.kind == "drop table":
            gone = [step.table(one.table) for one in step.statement.actions if one.kind == "drop table"]
            others = [one for one in others if one not in gone]
        if table is None or not others or step.has_lock_timeout:
            continue
        yield report(
            CHECK,
            step,
            f"{table.short} ({action.name})" if action.kind == "drop constraint" else table.short,
            f"This locks {', '.join(map(step.sized, others))} as well, to which {table.short} refers, for reads and "
            "writes: it waits for the longest query there, and all later ones queue behind it.",
            tables=[table, *others],
            advice=f"Give up after a short lock_timeout and try again, so that {in_words(others)} is never held up "
            "long.",
            code=lines(execute("SET LOCAL lock_timeout = '2s'"), execute(plain(step.statement.text))),
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="certain", find=find)
