"""Find new indexes that do what another index of the table does.

## What it does

Compares each new index with those of the snapshot, and with those that the pending revisions make before it: method,
keys, INCLUDE columns, predicate and uniqueness, as `duplicate-index` does. An index that a pending revision drops does
not count.

## Why it matters

The build takes its time, and then each write pays twice. No query is faster for it.

## Example

    op.create_unique_constraint("uq_user_email", "user", ["email"])
    op.create_index("ix_user_email", "user", ["email"])

Use instead:

    op.create_unique_constraint("uq_user_email", "user", ["email"])

## When it is wrong

The new index is to take the place of the old one, which a later revision drops that is not written yet.

## Source

PostgreSQL manual, Unique Indexes: "there's no need to manually create indexes on unique columns".
Also known as: pgReviewer "redundant index".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.errors import UnparsableStatement
from pgwright.indexes.coverage import replaces
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.index import IndexDefinition, IndexKey
from pgwright.model.migration import Action, ActionKind, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.sqltext.indexes import read_index
from pgwright.sqltext.rewording import plain
from pgwright.sqltext.schema import Schema

_DROPS: tuple[ActionKind, ...] = ("drop index", "drop constraint", "drop table")
_ADDS: tuple[ActionKind, ...] = ("create index", "add unique", "add primary key")


def find(pending: PendingMigrations) -> Iterator[Finding]:
    changes = list(parts(pending, *_DROPS, *_ADDS))
    gone = {action.name for _, action in changes if action.kind in _DROPS}
    snapshot = pending.snapshot
    known = [one.definition for one in snapshot.indexes if one.is_valid] if snapshot is not None else []
    known = [one for one in known if one.name not in gone]
    for place, (step, action) in enumerate(changes):
        table = step.table(action.table)
        wanted = _definition(step, action, table) if table is not None and action.kind in _ADDS else None
        # One that is dropped before it is built, if it exists, is there in the end.
        later = {one.name for _, one in changes[place:] if one.kind in _DROPS}
        if wanted is None or table is None or wanted.name in later:
            continue
        twin = next(
            (one for one in known if one.name != wanted.name and replaces(one, wanted, step.known(table))), None
        )
        known.append(wanted)
        if twin is not None and not action.using_index and not step.is_small(table):
            yield _finding(step, table, wanted, twin)


def _definition(step: LintStep, action: Action, table: QualifiedName) -> IndexDefinition | None:
    if action.kind != "create index":
        keys = tuple(IndexKey(one) for one in action.columns)
        name = action.name or next((one.name for one in step.statement.built), f"{action.kind} {action.columns}")
        return IndexDefinition(name, table, keys, is_unique=True)
    try:
        found = read_index(plain(step.statement.text), Schema({}))
    except UnparsableStatement:
        return None
    return replace(found, table=table)


def _finding(step: LintStep, table: QualifiedName, wanted: IndexDefinition, twin: IndexDefinition) -> Finding:
    return report(
        CHECK,
        step,
        f"{table.short} ({wanted.name})",
        f"{wanted.name} does on {step.sized(table)} what {twin.name} does: every write would pay for both.",
        tables=[table],
        evidence=[Evidence("does its work", twin.sql())],
        advice=_advice(step, table, wanted, twin),
    )


def _advice(step: LintStep, table: QualifiedName, wanted: IndexDefinition, twin: IndexDefinition) -> str:
    leave = f"Leave {wanted.name} out"
    if not replaces(wanted, twin, step.known(table)):
        return f"{leave}."
    return f"{leave}; or drop {twin.name} in the next revision, if this one is to take its place."


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="likely", find=find)
