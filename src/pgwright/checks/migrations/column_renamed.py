"""Find columns that a revision renames under the code that runs.

## What it does

Reports RENAME COLUMN on a table that was there before the pending revisions.

## Why it matters

During the deploy old and new code run side by side, and one of the two names the column wrongly: its requests fail with
`column … does not exist`, the old code's from the rename on, the new code's before it.

## Example

    op.alter_column("note", "title", new_column_name="headline")

Use instead:

    headline: Mapped[str] = mapped_column("title")   # rename the attribute; the column keeps its name

## When it is wrong

The app is stopped while the revision runs, or no code names the column.

## Source

PostgreSQL manual, ALTER TABLE, RENAME.
Also known as: squawk renaming-column; strong_migrations "Renaming a column"; django-migration-linter RENAME_COLUMN;
Atlas BC102.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import BACKFILLS, lines, next_revision, python_text
from pgwright.checks.lint_python import operation
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.checks.lint_uses import knows_workload, named_by, use_evidence, uses_of
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName, quote


def find(pending: PendingMigrations) -> Iterator[Finding]:
    made: set[tuple[QualifiedName, str]] = set()
    for step, action in parts(pending, "add column", "rename column"):
        table = step.table(action.table)
        if table is None:
            continue
        if action.kind == "add column":
            made.add((table, action.name))
        elif not step.is_new(table) and (table, action.name) not in made:
            yield _finding(step, table, action)


def _finding(step: LintStep, table: QualifiedName, action: Action) -> Finding:
    uses = uses_of(step, table, action.name)
    is_unnamed = not uses and knows_workload(step.pending)
    who = f" It is named by {named_by(uses)}." if uses else " Nothing is known to name it." if is_unnamed else ""
    return report(
        CHECK,
        step,
        f"{table.short} ({action.name} to {action.new_name})",
        f"While this is deployed, code that says {action.name} and code that says {action.new_name} run side by side, "
        f"and the requests of one of them fail.{who}",
        tables=[table],
        evidence=use_evidence(uses),
        severity="medium" if is_unnamed else "high",
        confidence="possible" if is_unnamed else "likely",
        advice=f'Rename the attribute alone: {action.new_name} = mapped_column("{action.name}"). Where the column has '
        "to have the new name, add a new one, write both, backfill, read the new one, then drop the old one.",
        code=_code(step, table, action),
    )


def _code(step: LintStep, table: QualifiedName, action: Action) -> str:
    known = step.known(table)
    column = known.column_by_name.get(action.name) if known is not None else None
    old, new = action.name, action.new_name
    name = python_text(f"{table.name}_{new}")
    schema = [] if table.schema == "public" else [f"schema={python_text(table.schema)}"]
    arguments = ", ".join(
        [name, f"table={python_text(table.name)}", f"sets={{{python_text(new)}: {python_text(quote(old))}}}",
         f"where={python_text(f'{quote(new)} IS DISTINCT FROM {quote(old)}')}", *schema]
    )  # fmt: skip
    written = f"ALTER TABLE {table} ADD COLUMN {quote(new)} {column.type}" if column is not None else ""
    add = f"op.execute({python_text(written)})" if written else f"# op.add_column({python_text(table.name)}, …)"
    return lines(
        add,
        next_revision("the code that runs writes both columns"),
        BACKFILLS,
        f"op.declare_backfill({arguments})",
        next_revision("`pgwright backfill` has run, and no code names the old column"),
        BACKFILLS,
        f"op.require_backfill({name})",
        operation("drop_column", table, python_text(old)),
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
