"""Find steps in Python that change rows in a loop, which an empty copy never enters.

## What it does

Reports a loop of `upgrade()` over rows of the database whose body writes, where the twin, which has no rows, sent
nothing of it. Of a table that is known to be small nothing is said.

## Why it matters

What the loop does, and how long, is unknown until production runs it: one statement per row, in one transaction, behind
every lock that the revision took before. A thousand rows a second are 80 minutes for five million.

## Example

    for row in connection.execute(sa.text("SELECT id, name FROM note")):
        connection.execute(sa.text("UPDATE note SET slug = :slug WHERE id = :id"), {…})

Use instead:

    op.execute("UPDATE note SET slug = lower(name)")   # one statement; in batches where the table is large

## When it is wrong

The loop meets a few rows only.

## Source

Observed on the twin.
Also known as: strong_migrations "Backfilling data"; django-migration-linter RUNPYTHON.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pgwright.checks.lint_code import BACKFILLS, lines, next_revision, python_text
from pgwright.checks.lint_python import function_of, place_of, reads_rows, report_revision
from pgwright.checks.lint_tables import LintStep
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import ObservedRevision, PendingMigrations
from pgwright.model.names import QualifiedName

_WRITES = ("execute", "add", "add_all", "merge", "delete", "update", "bulk_insert", "flush", "commit", "exec")
_ROWS_A_SECOND = 1000


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for revision in pending.revisions:
        function = function_of(revision, "upgrade")
        loops = [one for one in ast.walk(function) if isinstance(one, ast.For | ast.While)] if function else []
        for loop in loops:
            if not _writes(loop) or not _asks(function, loop) or _was_entered(revision, loop):
                continue
            tables = _read(pending, revision, loop)
            if tables and all(step.is_small(table) or step.is_new(table) for step, table in tables):
                continue
            yield _finding(revision, loop, tables)
            break


def _writes(loop: ast.For | ast.While) -> bool:
    calls = [one.func for each in loop.body for one in ast.walk(each) if isinstance(one, ast.Call)]
    return any(isinstance(one, ast.Attribute) and one.attr in _WRITES for one in calls)


def _asks(function: ast.FunctionDef | None, loop: ast.For | ast.While) -> bool:
    """Tell whether the loop runs over rows: directly, or over a name that was given some."""
    source = loop.iter if isinstance(loop, ast.For) else loop.test
    if reads_rows(source) or isinstance(loop, ast.While):
        return True
    names = {one.id for one in ast.walk(source) if isinstance(one, ast.Name)}
    for node in ast.walk(function) if function is not None else ():
        if isinstance(node, ast.Assign) and node.lineno < loop.lineno and reads_rows(node.value):
            given = {one.id for target in node.targets for one in ast.walk(target) if isinstance(one, ast.Name)}
            if names & given:
                return True
    return False


def _was_entered(revision: ObservedRevision, loop: ast.For | ast.While) -> bool:
    first, last = loop.body[0].lineno, loop.end_lineno or loop.lineno
    return any(first <= one.place.line <= last for one in revision.upgrade.statements)


def _read(
    pending: PendingMigrations, revision: ObservedRevision, loop: ast.For | ast.While
) -> list[tuple[LintStep, QualifiedName]]:
    """Return the tables that the statement read which the loop runs over."""
    before = [
        LintStep(pending, revision, one, n)
        for n, one in enumerate(revision.upgrade.statements)
        if one.place.line <= loop.body[0].lineno and any(action.kind == "select" for action in one.actions)
    ]
    if not before:
        return []
    step = before[-1]
    return [(step, one.table) for one in step.statement.locks if one.relation == one.table and "table" in one.kind]


def _finding(
    revision: ObservedRevision, loop: ast.For | ast.While, tables: list[tuple[LintStep, QualifiedName]]
) -> Finding:
    rows = max((step.rows_of(table) or 0.0 for step, table in tables), default=0.0)
    over = ", ".join(dict.fromkeys(step.sized(table) for step, table in tables)) or "rows of the database"
    name = tables[0][1].name if tables else "note"
    return report_revision(
        CHECK,
        revision,
        f"a loop over {tables[0][1].short}" if tables else "a loop over rows",
        f"It changes rows one by one in a loop over {over}, which the empty twin did not enter: what it does there was "
        "not examined, and it all runs in one transaction.",
        place=place_of(revision, loop, "upgrade"),
        severity="high" if rows >= _ROWS_A_SECOND * 60 else "medium",
        evidence=(Evidence("rows", f"{rows:,.0f}"),) if rows else (),
        advice="Say it in one statement, and in batches outside of the deploy where the table is large.",
        code=lines(
            "# For a value that SQL can compute, here lower(title):",
            BACKFILLS,
            f"# op.declare_backfill({python_text(f'{name}_slug')}, table={python_text(name)}, "
            'sets={"slug": "lower(title)"}, where="slug IS NULL")',
            next_revision("`pgwright backfill` has run"),
            f"# op.require_backfill({python_text(f'{name}_slug')})",
        ),
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="likely", find=find)
