"""Find values of an enum that a revision renames under the code that runs.

## What it does

Reports ALTER TYPE … RENAME VALUE of a type that was there before the pending revisions.

## Why it matters

Code that runs writes the old value and fails with `invalid input value for enum`; what it reads it does not know:
SQLAlchemy raises LookupError for a value that its Enum does not have.

## Example

    op.execute("ALTER TYPE state RENAME VALUE 'done' TO 'finished'")

Use instead:

    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE state ADD VALUE IF NOT EXISTS 'finished' AFTER 'done'")
    # then code that knows both, then UPDATE, then code that knows the new one

## When it is wrong

No code names the value, as where only a report shows it.

## Source

PostgreSQL manual, ALTER TYPE.
Also known as: strong_migrations "Renaming an enum value".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import autocommit, execute, lines, next_revision
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName, quote, quote_literal


def find(pending: PendingMigrations) -> Iterator[Finding]:
    made: set[str] = set()
    for step, action in parts(pending, "create enum", "rename enum value"):
        if action.kind == "create enum":
            made.add(action.name)
        elif action.type not in made:
            yield _finding(step, action)


def _finding(step: LintStep, action: Action) -> Finding:
    old, new = quote_literal(action.name).strip(), quote_literal(action.new_name).strip()
    columns = _columns(step, action.type)
    updates = [execute(f"UPDATE {table} SET {quote(one)} = {new} WHERE {quote(one)} = {old}") for table, one in columns]
    return report(
        CHECK,
        step,
        f"{action.type} ({action.name} to {action.new_name})",
        f"Code that runs says {action.name}: its writes fail from here on, and it does not know {action.new_name} when "
        "it reads a row.",
        tables=[table for table, _ in columns],
        advice="Rename it in the app alone: Enum(…, values_callable=…) maps a member to the value of the database. "
        "Else add the new value, deploy code that knows both, move the rows, and leave the old value unused.",
        code=lines(
            autocommit(execute(f"ALTER TYPE {quote(action.type)} ADD VALUE IF NOT EXISTS {new} AFTER {old}")),
            next_revision("no process runs that does not know both, and in batches where the table is large"),
            *(updates or [f"# UPDATE … SET … = {new} WHERE … = {old}"]),
        ),
    )


def _columns(step: LintStep, type_name: str) -> list[tuple[QualifiedName, str]]:
    """Return the columns of a type."""
    snapshot = step.pending.snapshot
    return [
        (table.name, column.name)
        for table in (snapshot.tables if snapshot is not None else ())
        if table.kind in ("table", "partitioned table") and table.parent is None
        for column in table.columns
        if column.base_type == type_name
    ]


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
