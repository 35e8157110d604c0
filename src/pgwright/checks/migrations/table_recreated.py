"""Find tables that a revision drops and makes anew.

## What it does

Reports a revision that drops a table of the database and creates one of the same name.

## Why it matters

The new table is empty: the rows of the old one are lost, with its grants, its policies and the views on it. In between,
and until the transaction ends, nobody can read it.

## Example

    op.drop_table("note")
    op.create_table("note", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("title", sa.Text()))

Use instead:

    op.add_column("note", sa.Column("title", sa.Text()))

## When it is wrong

The rows can be had again, as those of a cache.

## Source

PostgreSQL manual, DROP TABLE.
Also known as: strong_migrations "Creating a table with the force option".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import lines, next_revision, python_text
from pgwright.checks.lint_python import operation
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import QualifiedName, shorten


def find(pending: PendingMigrations) -> Iterator[Finding]:
    made = [(step, action) for step, action in parts(pending, "create table", "create table as")]
    for step, action in parts(pending, "drop table"):
        table = step.table(action.table)
        again = any(
            later.revision is step.revision and later.position > step.position and one.table == action.table
            for later, one in made
        )
        if table is None or not again or not _has_rows(step, table):
            continue
        old = shorten(f"{table.name}_old")
        yield report(
            CHECK,
            step,
            table.short,
            f"{step.sized(table)} is dropped and made anew: its rows are lost, with its grants and policies, "
            "and a downgrade cannot bring them back.",
            tables=[table],
            advice="Change the table where it stands (ALTER TABLE). Where it has to be another one, rename the old, "
            "make the new, copy the rows, and drop the old one later.",
            code=lines(
                operation("rename_table", table, python_text(old)),
                f"# op.create_table({python_text(table.name)}, …), then copy the rows of {old}",
                next_revision("the rows are copied, and nobody names the old table"),
                operation("drop_table", QualifiedName(table.schema, old)),
            ),
        )


def _has_rows(step: LintStep, table: QualifiedName) -> bool:
    """Tell whether the table was there before; it may be empty only where that is known."""
    if step.pending.snapshot is None:
        earlier = [one for one in step.pending.revisions if one is not step.revision]
        return not any(table in one.new_tables for one in earlier)
    return step.known(table) is not None and step.rows_of(table) != 0


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="certain", find=find)
