"""Find required columns whose default a revision takes away from code that leaves them out.

## What it does

Reports a column that is NOT NULL and has no default after the pending revisions, but had one: DROP DEFAULT on a column
that was there, or a new column whose default is dropped again at once.

## Why it matters

Code that runs while the revision is deployed leaves the column out of its INSERT: it does not know a new column, and of
an old one with `server_default` the ORM leaves it to the server. Each such INSERT fails with
`null value in column … violates not-null constraint`.

## Example

    op.add_column("note", sa.Column("state", sa.Text(), nullable=False, server_default="new"))
    op.alter_column("note", "state", server_default=None)

Use instead:

    op.add_column("note", sa.Column("state", sa.Text(), nullable=False, server_default="new"))
    # the default goes in a later deploy, when all code writes the column

## When it is wrong

All code that runs writes the column already.

## Source

PostgreSQL manual, Not-Null Constraints; Default Values.
Also known as: django-migration-linter NOT_NULL (Django drops the default at once).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines, next_revision
from pgwright.checks.lint_tables import LintStep, as_written, parts, report
from pgwright.checks.lint_uses import inserts, knows_workload, times
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName, quote
from pgwright.model.statement import Statement

Place = tuple[QualifiedName, str]


def find(pending: PendingMigrations) -> Iterator[Finding]:
    new: set[Place] = set()
    required: dict[Place, bool] = {}
    for step, action in parts(pending, "add column", "set not null", "drop not null", "drop default"):
        table = step.table(action.table)
        if table is None or step.is_new(table):
            continue
        place = (table, action.name)
        if action.kind == "add column":
            new.add(place)
            required[place] = action.is_not_null
        elif action.kind != "drop default":
            required[place] = action.kind == "set not null"
        elif required.get(place, _is_required(step, place)) and not _goes(step, place, action):
            yield from _finding(step, table, action, is_new=place in new)


def _is_required(step: LintStep, place: Place) -> bool:
    known = step.known(place[0])
    column = known.column_by_name.get(place[1]) if known is not None else None
    return column is not None and not column.is_nullable and column.default is not None


def _goes(step: LintStep, place: Place, action: Action) -> bool:
    """Tell whether the same transaction gives it another default, an identity, or drops it."""
    kinds = ("set default", "add identity", "drop column", "drop not null")
    later = [one for each in step.after for one in each.statement.actions]
    here = step.statement.actions[step.statement.actions.index(action) :]
    return any(
        one.kind in kinds and one.name == place[1] and step.table(one.table) == place[0] for one in (*here, *later)
    )


def _finding(step: LintStep, table: QualifiedName, action: Action, *, is_new: bool) -> Iterator[Finding]:
    every = [(one, row) for one, row in inserts(step, table)]
    without = [one for one, row in every if row.columns and action.name not in row.columns]
    if knows_workload(step.pending) and every and not without:
        return
    where, name = as_written(action.table) if action.table else str(table), quote(action.name)
    yield report(
        CHECK,
        step,
        f"{table.short} ({action.name})",
        f"{action.name} of {table.short} is required and has no default any more: {_who(without, is_new=is_new)}",
        tables=[table],
        severity="high" if without or is_new else "medium",
        confidence="certain" if without else "likely" if is_new else "possible",
        evidence=[Evidence("leaves it out", one.text) for one in without[:1]],
        advice="Keep the default until all code that runs writes the column; drop it in a later deploy, or never.",
        code=lines(
            f"# this deploy: {action.name} keeps its default",
            next_revision("all code that runs writes it"),
            execute(f"ALTER TABLE {where} ALTER COLUMN {name} DROP DEFAULT"),
        ),
    )


def _who(without: list[Statement], *, is_new: bool) -> str:
    if without:
        return f"an INSERT that leaves it out ran {times(without)}, and fails from here on."
    if is_new:
        return "code that runs while this is deployed does not know the column, and its INSERTs fail."
    return "an INSERT that leaves it out fails from here on."


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
