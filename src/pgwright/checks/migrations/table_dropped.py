"""Find tables that a revision drops with their rows.

## What it does

Reports DROP TABLE of a table that was there before the pending revisions and is not known to be empty, where nothing is
known to name it any more. Where something still does, `table-dropped-still-used` says so instead; where the revision
makes a table of that name again, `table-recreated`.

## Why it matters

The rows are gone, and no downgrade brings them back.

## Example

    op.drop_table("session")

Use instead:

    op.rename_table("session", "session_dropped_in_4f2a")   # this deploy: a downgrade finds it again
    op.drop_table("session_dropped_in_4f2a")                # some weeks later

## When it is wrong

The rows are of no use any more, or are kept elsewhere.

## Source

PostgreSQL manual, DROP TABLE.
Also known as: squawk ban-drop-table; django-migration-linter DROP_TABLE; Atlas DS102; pgReviewer "destructive DDL".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import lines, next_revision, python_text
from pgwright.checks.lint_python import operation
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.checks.lint_uses import knows_workload, uses_of
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import QualifiedName, shorten

_SHORT_ID = 8


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "drop table"):
        table = step.table(action.table)
        if table is None or step.is_empty(table) or uses_of(step, table) or _is_made(step, table):
            continue
        if action.if_exists and pending.snapshot is not None and step.known(table) is None:
            continue
        yield _finding(step, table)


def _is_made(step: LintStep, table: QualifiedName) -> bool:
    """Tell whether the revision makes a table of that name: another rule's word."""
    return table in step.revision.new_tables


def _finding(step: LintStep, table: QualifiedName) -> Finding:
    knows = knows_workload(step.pending)
    unread = "Nothing is known to name it any more." if knows else "Whether running code names it is unknown."
    aside = shorten(f"{table.name}_dropped_in_{step.revision.revision[:_SHORT_ID]}")
    return report(
        CHECK,
        step,
        table.short,
        f"The rows of {step.sized(table)} are lost, and a downgrade cannot bring them back. {unread}",
        tables=[table],
        severity="low" if knows else "medium",
        confidence="likely" if knows else "possible",
        advice="Stop naming it one deploy earlier. Where the rows may be needed once more, dump the table first, "
        "or rename it now and drop it some weeks later.",
        code=lines(
            operation("rename_table", table, python_text(aside)),
            next_revision("nobody has missed it for some weeks"),
            operation("drop_table", QualifiedName(table.schema, aside)),
        ),
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="likely", find=find)
