"""Find new foreign keys whose columns no index leads.

## What it does

Reports a foreign key that a pending revision adds, if after all of them no index of the table begins with its columns.

## Why it matters

Each DELETE of a referenced row, and each change of its key, reads the whole referring table, once per row; so does a
join from the referenced side. On a new table the index costs nothing yet.

## Example

    sa.Column("note_id", sa.BigInteger(), sa.ForeignKey("note.id"))

Use instead:

    sa.Column("note_id", sa.BigInteger(), sa.ForeignKey("note.id"), index=True)

## When it is wrong

The referenced rows are never deleted, and no query starts from them.

## Source

PostgreSQL manual, Foreign Keys. `unindexed-foreign-key` finds those that are there already.
Also known as: pgReviewer "FK without index"; strong_migrations "Adding a reference".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import autocommit, python_text
from pgwright.checks.lint_python import operation
from pgwright.checks.lint_tables import Step, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName, quote, shorten

_INDEXES = ("create index", "add unique", "add primary key")


def find(pending: PendingMigrations) -> Iterator[Finding]:
    made = [(step.table(one.table), one.columns) for step, one in parts(pending, *_INDEXES)]
    gone = {step.table(one.table) for step, one in parts(pending, "drop table")}
    dropped = {one.name for _, one in parts(pending, "drop constraint")}
    for step, action in parts(pending, "add foreign key"):
        table = step.table(action.table)
        if table is None or table in gone or (action.name and action.name in dropped):
            continue
        columns = set(action.columns)
        leads = [*(columns_of for owner, columns_of in made if owner == table), *_existing(step, table)]
        if columns and not any(columns <= set(one[: len(columns)]) for one in leads):
            yield _finding(step, table, action)


def _existing(step: Step, table: QualifiedName) -> Iterator[tuple[str, ...]]:
    """Yield the columns of the indexes that are there."""
    snapshot, known = step.pending.snapshot, step.known(table)
    if snapshot is None or known is None:
        return
    for one in snapshot.indexes_by_table.get(known.name, ()):
        if one.is_valid and one.definition.predicate is None:
            yield one.definition.columns


def _finding(step: Step, table: QualifiedName, action: Action) -> Finding:
    columns = ", ".join(map(quote, action.columns))
    referenced = step.table(action.references)
    deleted = step.known(referenced).rows_deleted if referenced is not None and step.known(referenced) else 0  # type: ignore[union-attr]
    name = shorten(f"ix_{table.name}_{'_'.join(action.columns)}")
    keys = f"[{', '.join(map(python_text, action.columns))}]"
    is_new = step.is_new(table)
    concurrently = () if is_new else ("postgresql_concurrently=True",)
    call = operation("create_index", table, keys, *concurrently).replace("(", f"({python_text(name)}, ", 1)
    to = referenced.short if referenced is not None else "the referenced table"
    return report(
        CHECK,
        step,
        f"{table.short} ({columns})",
        f"No index of {table.short} begins with {columns}: each row that is deleted from {to} reads all of "
        f"{table.short}{', and rows are deleted from it' if deleted else ''}.",
        severity="medium" if deleted and not is_new else "low",
        advice=f"Add an index{', now that the table is empty' if is_new else ', concurrently, in a revision of its own'}.",
        code=call if is_new else autocommit(call),
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="likely", find=find)
