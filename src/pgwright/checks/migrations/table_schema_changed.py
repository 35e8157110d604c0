"""Find tables that a revision moves to another schema under the code that runs.

## What it does

Reports ALTER TABLE … SET SCHEMA on a table that was there before the pending revisions, unless the same transaction
puts a view of the old name in its place.

## Why it matters

The code that runs names the table where it was, by its schema or by `search_path`: all its requests fail with
`relation … does not exist`, until no old process runs any more.

## Example

    op.execute("ALTER TABLE note SET SCHEMA archive")

Use instead:

    op.execute("ALTER TABLE note SET SCHEMA archive")
    op.execute("CREATE VIEW note AS SELECT * FROM archive.note")   # dropped in a later deploy

## When it is wrong

Both schemas are in the `search_path` of the app's role, and no code names the schema.

## Source

PostgreSQL manual, ALTER TABLE, SET SCHEMA; CREATE VIEW: Updatable Views.
Also known as: strong_migrations "Renaming a table", of another schema.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines, next_revision
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName, quote


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "set schema"):
        if action.table is None or not _is_table(step, action):
            continue
        old = QualifiedName(action.table.schema or "public", action.table.name)
        new = QualifiedName(action.new_name, action.table.name)
        if old == new or step.is_new(old) or step.is_new(new) or _has_view(step, action):
            continue
        yield report(
            CHECK,
            step,
            f"{old.short} to {new.short}",
            f"Code that runs looks for {old.name} in {old.schema}: all its requests for it fail from here on, "
            "until no old process runs any more.",
            tables=[old, new],
            advice="Put a view of the old name in its place in the same transaction, and drop that in a later deploy. "
            "Grants on the new schema are needed, too.",
            code=lines(
                execute(f"ALTER TABLE {old} SET SCHEMA {quote(new.schema)}"),
                execute(f"CREATE VIEW {old} AS SELECT * FROM {new}"),
                next_revision("no process runs that looks for it in the old schema"),
                execute(f"DROP VIEW {old}"),
            ),
        )


def _is_table(step: LintStep, action: Action) -> bool:
    """Tell whether a table moves, and no type, sequence or function."""
    name = action.table.name if action.table is not None else ""
    return any(one.relation.name == name and "table" in one.kind for one in step.statement.locks)


def _has_view(step: LintStep, action: Action) -> bool:
    later = [one for each in step.after for one in each.statement.actions]
    name = action.table.name if action.table is not None else ""
    return any(one.kind == "create view" and one.table is not None and one.table.name == name for one in later)


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
