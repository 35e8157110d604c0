"""Find constraints that a revision drops and puts nothing in place of.

## What it does

Reports DROP CONSTRAINT of a primary key, a unique, a foreign-key or a check constraint of a table that stays. A
constraint that the same revision replaces, on the same table and of the same kind, is left alone, and so is
`CHECK (a IS NOT NULL)` once the column itself is NOT NULL.

## Why it matters

From now on rows may come in that the code takes for impossible, and the downgrade fails on them. Without its unique
constraint, `INSERT … ON CONFLICT` of these columns fails at once: there is no constraint that it matches.

## Example

    op.drop_constraint("uq_note_slug", "note")

Use instead:

    op.execute("ALTER TABLE note RENAME CONSTRAINT uq_note_slug TO uq_note_slug_old")   # or replace it, at once

## When it is wrong

The rule no longer holds, and the code knows.

## Source

PostgreSQL manual, INSERT: ON CONFLICT Clause.
Also known as: Atlas CD101.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.checks.lint_uses import inserts, times
from pgwright.model.finding import Check, Evidence, Finding, Severity
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.model.statement import Statement

_ADDED = ("add check", "add foreign key", "add unique", "add primary key", "add exclusion")
_NOT_NULL = re.compile(r"\((\w+) IS NOT NULL\)")


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "drop constraint"):
        table = step.table(action.table)
        if table is None or step.is_new(table) or _is_replaced(step, table, action):
            continue
        what, columns = _what(step, table, action.name)
        upserts = [one for one, row in inserts(step, table) if _needs(row.conflict_columns, columns)
                   or row.conflict_constraint == action.name]  # fmt: skip
        yield _finding(step, table, action, what, upserts)


def _is_replaced(step: LintStep, table: QualifiedName, dropped: Action) -> bool:
    what, columns = _what(step, table, dropped.name)
    for each in step.revision.upgrade.statements:
        for one in each.actions:
            if one.table is None or step.table(one.table) != table:
                continue
            if one.kind in _ADDED and (one.name == dropped.name or _kind(one) in what or what == "constraint"):
                return True
            if one.kind == "create index" and one.is_unique and "unique" in what:
                return True
            if one.kind in ("drop table", "drop column") and (one.kind == "drop table" or one.name in columns):
                return True
            if one.kind == "set not null" and "check" in what and columns == (one.name,):
                return True
    return False


def _kind(action: Action) -> str:
    return action.kind.removeprefix("add ")


def _what(step: LintStep, table: QualifiedName, name: str) -> tuple[str, tuple[str, ...]]:
    """Return the kind of a constraint in words, with its columns where they are known."""
    snapshot, known = step.pending.snapshot, step.known(table)
    if snapshot is None or known is None:
        return "constraint", ()
    for index in snapshot.indexes_by_table.get(known.name, ()):
        if index.constraint == name:
            kind = "primary key" if index.is_primary else "exclusion" if index.is_exclusion else "unique constraint"
            return kind, index.definition.columns
    for key in snapshot.foreign_keys_by_table.get(known.name, ()):
        if key.name == name:
            return "foreign key", key.columns
    for one in snapshot.dependents_by_table.get(known.name, ()):
        if one.kind == "check constraint" and one.name.strip('"') == name:
            found = _NOT_NULL.search(one.definition)
            return "check", (found[1],) if found else ()
    return "constraint", ()


def _needs(conflict: tuple[str, ...], columns: tuple[str, ...]) -> bool:
    return bool(conflict) and sorted(conflict) == sorted(columns)


def _finding(step: LintStep, table: QualifiedName, action: Action, what: str, upserts: list[Statement]) -> Finding:
    severity: Severity = "high" if upserts else "medium" if what in ("primary key", "unique constraint") else "low"
    fails = (
        f" INSERT … ON CONFLICT of these columns, which ran {times(upserts)}, fails from here on." if upserts else ""
    )
    what = what if what.endswith(("constraint", "key")) else f"{what} constraint"
    return report(
        CHECK,
        step,
        f"{table.short} ({action.name})",
        f"Without the {what} {action.name}, {table.short} takes rows that the code holds for impossible, and a "
        f"downgrade fails on them.{fails}",
        tables=[table],
        severity=severity,
        confidence="certain" if upserts else "possible",
        evidence=[Evidence("needs it", one.text) for one in upserts[:1]],
        advice="Make sure that no code relies on it, ON CONFLICT above all. Where it is to be another one, add that in "
        "the same revision.",
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="possible", find=find)
