"""Find columns that a revision drops with what they hold.

## What it does

Reports DROP COLUMN of a column that was there before the pending revisions, where nothing is known to name it any more.
Where something still does, `column-dropped-still-used` says so instead.

## Why it matters

Its values are gone, and no downgrade brings them back: it can only add an empty column. Where the workload is unknown,
it is also unknown whether running code still reads the column.

## Example

    op.drop_column("note", "legacy")

Use instead:

    op.alter_column("note", "legacy", nullable=True)   # this deploy; the code no longer names it
    op.drop_column("note", "legacy")                   # a later one, after a dump of what it holds

## When it is wrong

The values are of no use any more, or are kept elsewhere.

## Source

PostgreSQL manual, ALTER TABLE, DROP COLUMN.
Also known as: Atlas DS103; squawk ban-drop-column; pgReviewer "destructive DDL".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines, next_revision, python_text
from pgwright.checks.lint_python import operation
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.checks.lint_uses import knows_workload, uses_of
from pgwright.figures import listing
from pgwright.model.finding import Check, Finding, Severity
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName, quote


def find(pending: PendingMigrations) -> Iterator[Finding]:
    made: set[tuple[QualifiedName, str]] = set()
    lost: dict[tuple[str, QualifiedName], tuple[LintStep, list[str]]] = {}
    for step, action in parts(pending, "add column", "rename column", "drop column"):
        table = step.table(action.table)
        if table is None or step.is_dropped_later(table):
            continue
        if action.kind != "drop column":
            made.add((table, action.new_name or action.name))
        elif not _is_harmless(step, table, action, made):
            lost.setdefault((step.revision.revision, table), (step, []))[1].append(action.name)
    for (_, table), (step, columns) in lost.items():
        yield _finding(step, table, columns)


def _is_harmless(step: LintStep, table: QualifiedName, action: Action, made: set[tuple[QualifiedName, str]]) -> bool:
    return (table, action.name) in made or step.is_empty(table) or bool(uses_of(step, table, action.name))


def _finding(step: LintStep, table: QualifiedName, columns: list[str]) -> Finding:
    knows = knows_workload(step.pending)
    them = listing(columns)
    unread = "Nothing is known to name it any more." if knows else "Whether running code names it is unknown."
    severity: Severity = "low" if knows else "medium"
    if knows and all(_is_all_null(step, table, one) for one in columns):
        severity = "info"
    return report(
        CHECK,
        step,
        f"{table.short} ({them})",
        f"What {them} of {step.sized(table)} holds is lost, and a downgrade cannot bring it back. {unread}",
        tables=[table],
        severity=severity,
        confidence="likely" if knows else "possible",
        advice="Take it out of the models one deploy earlier, and keep what may be needed once more: "
        "a dump of the table, or the column under a name that says it is going.",
        code=_code(step, table, columns),
    )


def _code(step: LintStep, table: QualifiedName, columns: list[str]) -> str:
    known = step.known(table)
    required = [one.name for one in known.columns if not one.is_nullable and one.default is None] if known else columns
    keys = known.primary_key if known is not None else ()
    loosened = [one for one in columns if one in required and one not in keys]
    return lines(
        f"# this deploy: the code no longer names {listing(columns)}",
        *(execute(f"ALTER TABLE {_written(table)} ALTER COLUMN {quote(one)} DROP NOT NULL") for one in loosened),
        next_revision("no process runs that names it, and its values are kept or of no use"),
        *(operation("drop_column", table, python_text(one)) for one in columns),
    )


def _written(table: QualifiedName) -> str:
    return quote(table.name) if table.schema == "public" else str(table)


def _is_all_null(step: LintStep, table: QualifiedName, column: str) -> bool:
    snapshot = step.pending.snapshot
    known = snapshot.statistics_by_column.get((table, column)) if snapshot is not None else None
    return known is not None and known.null_fraction == 1.0


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="likely", find=find)
