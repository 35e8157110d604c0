"""Find foreign keys whose rows are checked while two tables cannot be written.

## What it does

Reports a foreign key that is added without NOT VALID to a table that is not small.

## Why it matters

Both tables, the one that refers and the one that is referred to, are locked in SHARE ROW EXCLUSIVE mode while every row
is looked up: inserts, updates and deletes of both wait. And the statement fails where a row has no parent.

## Example

    op.create_foreign_key("fk_note_owner", "note", "owner", ["owner_id"], ["id"])

Use instead:

    op.create_foreign_key("fk_note_owner", "note", "owner", ["owner_id"], ["id"], postgresql_not_valid=True)

    # next revision
    op.execute("ALTER TABLE note VALIDATE CONSTRAINT fk_note_owner")

## When it is wrong

Before PostgreSQL 18, a foreign key of a partitioned table cannot be NOT VALID.

## Source

PostgreSQL manual, ALTER TABLE, ADD table_constraint_using: "although most forms of ADD table_constraint require an
ACCESS EXCLUSIVE lock, ADD FOREIGN KEY requires only a SHARE ROW EXCLUSIVE lock", on both tables.
Also known as: squawk adding-foreign-key-constraint; strong_migrations "Adding a foreign key" and "Adding a reference".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import not_valid
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.sqltext.rewording import constraint

# Since then a partitioned table may have a foreign key that is not valid.
PARTITIONED_NOT_VALID = 18


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "add foreign key"):
        table, parent = step.table(action.table), step.table(action.references)
        if table is not None and parent is not None and not action.is_not_valid and step.matters(table):
            yield _finding(step, action, table, parent)


def _finding(step: LintStep, action: Action, table: QualifiedName, parent: QualifiedName) -> Finding:
    added = constraint(step.statement.text)
    name = action.name or (added.name if added is not None else "FOREIGN KEY")
    is_possible = step.partitions(table) == () or step.major >= PARTITIONED_NOT_VALID
    tables = [one for one in dict.fromkeys([table, parent]) if not step.is_new(one)]
    both = " and ".join(step.sized(one) for one in tables)
    way = "Add it NOT VALID: it holds for new rows at once. Validate it in the next revision: the app goes on."
    return report(
        CHECK,
        step,
        f"{table.short} ({', '.join(action.columns) or name})",
        f"Adding {name} looks up every row of {table.short} while nobody can write to {both}, {step.how_long()}; "
        "and it fails if one row has no parent.",
        tables=tables,
        severity=step.severity(table),
        advice=way
        if is_possible
        else "A partitioned table takes no foreign key that is NOT VALID before PostgreSQL "
        "18: add it while little is written, with a lock_timeout.",
        code=not_valid(added) if added is not None and is_possible else "",
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
