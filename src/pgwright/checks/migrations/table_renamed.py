"""Find tables that a revision renames under the code that runs.

## What it does

Reports RENAME of a table that was there before the pending revisions, unless the same transaction puts a view of the
old name in its place.

## Why it matters

During the deploy old and new code run side by side, and one of the two names the table wrongly: all its requests fail
with `relation … does not exist`.

## Example

    op.rename_table("note", "entry")

Use instead:

    op.rename_table("note", "entry")
    op.execute("CREATE VIEW note AS SELECT * FROM entry")   # a simple view is written like a table
    op.execute("DROP VIEW note")                            # in a later deploy

## When it is wrong

The app is stopped while the revision runs, or no code names the table.

## Source

PostgreSQL manual, CREATE VIEW: Updatable Views
(https://www.postgresql.org/docs/current/sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS).
Also known as: squawk renaming-table; strong_migrations "Renaming a table"; django-migration-linter RENAME_TABLE;
Atlas BC101.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines, next_revision, python_text
from pgwright.checks.lint_python import operation
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.checks.lint_uses import knows_workload, named_by, use_evidence, uses_of
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "rename table"):
        old = QualifiedName(_schema(step, action), action.name)
        new = QualifiedName(old.schema, action.new_name)
        if action.table is None or step.is_new(old) or step.is_new(new) or _has_stand_in(step, action):
            continue
        yield _finding(step, old, new)


def _schema(step: LintStep, action: Action) -> str:
    """Return the schema that the lock on the table shows."""
    if action.table is not None and action.table.schema:
        return action.table.schema
    names = (action.name, action.new_name)
    return next((one.relation.schema for one in step.statement.locks if one.relation.name in names), "public")


def _has_stand_in(step: LintStep, action: Action) -> bool:
    """Tell whether a view of the old name, or a table that takes its place, comes in the same transaction."""
    later = [one for each in step.after for one in each.statement.actions]
    makes = ("create view", "create table")
    made = any(one.kind in makes and one.table is not None and one.table.name == action.name for one in later)
    return made or any(one.kind == "rename table" and one.new_name == action.name for one in later)


def _finding(step: LintStep, old: QualifiedName, new: QualifiedName) -> Finding:
    uses = uses_of(step, old)
    is_unnamed = not uses and knows_workload(step.pending)
    who = f" It is named by {named_by(uses)}." if uses else " Nothing is known to name it." if is_unnamed else ""
    return report(
        CHECK,
        step,
        f"{old.short} to {new.short}",
        f"While this is deployed, code that says {old.short} and code that says {new.short} run side by side, "
        f"and the requests of one of them fail.{who}",
        tables=[old, new],
        evidence=use_evidence(uses),
        severity="medium" if is_unnamed else "high",
        confidence="possible" if is_unnamed else "likely",
        advice="Rename the class alone and keep __tablename__. Where the table has to have the new name, put a view of "
        "the old name in its place in the same transaction, and drop that in a later deploy.",
        code=lines(
            operation("rename_table", old, python_text(new.name)),
            execute(f"CREATE VIEW {old} AS SELECT * FROM {new}"),
            next_revision("no process runs that names the old table"),
            execute(f"DROP VIEW {old}"),
        ),
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
