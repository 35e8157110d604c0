"""Find steps outside of a transaction that a second run fails over.

## What it does

Reports a statement in `autocommit_block()` that makes or drops something without IF [NOT] EXISTS. A concurrent build is
fine after `DROP INDEX CONCURRENTLY IF EXISTS` of its name.

## Why it matters

What such a statement did stays when a later one fails, and the revision counts as not run. The second run then fails at
once: `relation … already exists`. After an interrupted concurrent build it is the invalid index that is in the way.

## Example

    with op.get_context().autocommit_block():
        op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True)

Use instead:

    with op.get_context().autocommit_block():
        op.drop_index("ix_note_title", "note", postgresql_concurrently=True, if_exists=True)
        op.create_index("ix_note_title", "note", ["title"], postgresql_concurrently=True)

## When it is wrong

Somebody looks after each failed build by hand; or the runner removes invalid leftovers, as `pgwright migrate` does.

## Source

PostgreSQL manual, CREATE INDEX: Building Indexes Concurrently.
Also known as: squawk prefer-robust-stmts, which asks for it also where a transaction makes it needless.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import concurrent_index
from pgwright.checks.lint_tables import LintStep, report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, ActionKind, PendingMigrations

_MAKES: tuple[ActionKind, ...] = (
    "create table", "create index", "add column", "create type", "create enum", "add enum value", "create schema",
    "create sequence", "create view", "create materialized view", "create domain", "create table as",
)  # fmt: skip
_DROPS: tuple[ActionKind, ...] = (
    "drop table", "drop index", "drop column", "drop type", "drop schema", "drop sequence", "drop view",
    "drop materialized view", "drop constraint",
)  # fmt: skip


def find(pending: PendingMigrations) -> Iterator[Finding]:
    told: set[str] = set()
    for step in steps(pending):
        if not step.statement.is_autocommit or step.statement.error or step.revision.revision in told:
            continue
        action = next((one for one in step.statement.actions if _fails_again(step, one)), None)
        if action is not None:
            told.add(step.revision.revision)
            yield _finding(step, action)


def _fails_again(step: LintStep, action: Action) -> bool:
    is_replaced = "or replace" in step.statement.text.lower()
    return action.kind in (*_MAKES, *_DROPS) and not action.if_exists and not is_replaced and not _cleared(step, action)


def _cleared(step: LintStep, action: Action) -> bool:
    """Tell whether an earlier statement of the revision drops what may be left, or makes what it is about."""
    earlier = [one for each in step.revision.upgrade.statements[: step.position] for one in each.actions]
    names = {action.name, action.table.name if action.table is not None else ""} - {""}
    return any(
        (one.kind in _DROPS and one.if_exists and (one.name in names or (one.table and one.table.name in names)))
        or (one.kind == "create table" and one.if_exists and one.table == action.table)
        for one in earlier
    )


def _finding(step: LintStep, action: Action) -> Finding:
    what = action.name or (action.table.name if action.table is not None else "it")
    is_build = action.kind == "create index" and action.is_concurrent and action.table is not None
    code = ""
    if is_build and action.table is not None and action.name:
        text, table = step.statement.text, action.table
        code = concurrent_index(text, action.name, table.name, table.schema, is_unique=action.is_unique)
    left = (
        "an interrupted build leaves it, invalid, and" if is_build else "what it did stays when a later one fails, and"
    )
    return report(
        CHECK,
        step,
        what,
        f"It runs outside of a transaction: {left} a second run fails over {what}.",
        advice="Drop the leftover first, by IF EXISTS." if is_build else "Say IF EXISTS or IF NOT EXISTS.",
        code=code,
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="certain", find=find)
