"""Find transactions that lock a parent table before its child, against the order of every insert.

## What it does

Reports a transaction that locks a table so that rows of it cannot be looked up by foreign keys, and after that a table
that refers to it, so that it cannot be written. It is asked of the foreign keys of the snapshot.

## Why it matters

An INSERT into the child holds the child, and looks up the parent. The revision holds the parent, and wants the child.
Each waits for the other until the server cancels one of them: a request of the app, or the revision.

## Example

    op.add_column("owner", sa.Column("state", sa.Text()))
    op.add_column("note", sa.Column("state", sa.Text()))  # refers to owner

Use instead:

    op.add_column("note", sa.Column("state", sa.Text()))
    op.add_column("owner", sa.Column("state", sa.Text()))  # or, safer, in the next revision

## When it is wrong

Nobody writes to the child while the revision runs. With the child first, a DELETE of parents may still meet it.

## Source

PostgreSQL manual, Explicit Locking: Deadlocks; src/backend/utils/adt/ri_triggers.c, RI_FKey_check: SELECT … FOR KEY
SHARE takes ROW SHARE on the parent.
Also known as: none of the peers has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import LintStep, report, steps
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.locks import excludes
from pgwright.model.migration import PendingMigrations
from pgwright.model.table import ForeignKey


def find(pending: PendingMigrations) -> Iterator[Finding]:
    keys = pending.snapshot.foreign_keys if pending.snapshot is not None else ()
    met: dict[tuple[str, int], list[tuple[LintStep, ForeignKey]]] = {}
    for step in steps(pending):
        for key in keys:
            if key.table != key.referenced_table and not key.is_inherited and _meets(step, key):
                met.setdefault((step.revision.revision, step.statement.transaction), []).append((step, key))
    for found in met.values():
        yield _finding(found[0][0], [key for _, key in found])


def _meets(step: LintStep, key: ForeignKey) -> bool:
    """Tell whether this statement waits for the child while an earlier one of its transaction holds the parent."""
    parent = step.held_before.get(key.referenced_table)
    before, now = step.held_before.get(key.table), step.held.get(key.table)
    if parent is None or now is None or not step.matters(key.table):
        return False
    is_held = before is not None and excludes(before, "ROW EXCLUSIVE")
    return excludes(parent, "ROW SHARE") and excludes(now, "ROW EXCLUSIVE") and not is_held


def _finding(step: LintStep, keys: list[ForeignKey]) -> Finding:
    key = keys[0]
    child, parent = key.table.short, key.referenced_table.short
    return report(
        CHECK,
        step,
        f"{parent}, then {child}",
        f"The transaction holds {parent} and waits for {child}; an INSERT into {child} holds that and looks up "
        f"{parent}: a deadlock, in which the server cancels a request of the app or this revision.",
        tables=[key.referenced_table, key.table],
        evidence=[Evidence("foreign key", f"{one.table.short} {one.definition}") for one in keys],
        advice=f"Give each of the two a revision of its own; or lock {child} before {parent}.",
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="likely", find=find)
