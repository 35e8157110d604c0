"""Find new foreign keys whose columns no index of the table serves.

## What it does

Reports a foreign key that is added to a table which is not small, or is new, where neither the snapshot nor a pending
revision has an index that begins with its columns.

## Why it matters

Each DELETE of a parent row, and each UPDATE of its key, reads the whole table for rows that refer to it.

## Example

    op.create_foreign_key("fk_note_owner", "note", "owner", ["owner_id"], ["id"])

Use instead:

    with op.get_context().autocommit_block():
        op.create_index("ix_note_owner_id", "note", ["owner_id"], postgresql_concurrently=True)

    # next revision
    op.create_foreign_key("fk_note_owner", "note", "owner", ["owner_id"], ["id"], postgresql_not_valid=True)

## When it is wrong

Parents are never deleted, and never joined from.

## Source

PostgreSQL manual, Constraints: Foreign Keys (https://www.postgresql.org/docs/current/ddl-constraints.html).
Also known as: strong_migrations "Adding a reference"; pgReviewer "FK without index"; splinter "unindexed FK".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import concurrent_index, python_text
from pgwright.checks.lint_python import operation
from pgwright.checks.lint_tables import LintStep, as_written, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.index import index_name
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName, quote


def find(pending: PendingMigrations) -> Iterator[Finding]:
    gone = {step.table(action.table) for step, action in parts(pending, "drop table")}
    for step, action in parts(pending, "add foreign key"):
        table = step.table(action.table)
        if table is None or not action.columns or table in gone:
            continue
        # Without a snapshot nothing is known of the indexes that are there; a new table has those that are seen.
        if not step.is_new(table) and (pending.snapshot is None or not step.matters(table)):
            continue
        if not any(_serves(one, action.columns) for one in _indexed(step, table)):
            yield _finding(step, action, table)


def _serves(columns: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return set(columns[: len(wanted)]) == set(wanted)


def _indexed(step: LintStep, table: QualifiedName) -> Iterator[tuple[str, ...]]:
    """Yield the leading columns of each index over all rows that the table has or will have."""
    known, snapshot = step.known(table), step.pending.snapshot
    if known is not None and snapshot is not None:
        for index in snapshot.indexes_by_table.get(known.name, ()):
            if index.definition.predicate is None:
                yield index.definition.columns
    for other, action in parts(step.pending, "create index", "add unique", "add primary key"):
        if other.table(action.table) == table:
            yield action.columns


def _finding(step: LintStep, action: Action, table: QualifiedName) -> Finding:
    name = index_name(table, action.columns)
    parent = action.references.name if action.references is not None else "the parent"
    code, is_new = "", step.is_new(table)
    which = table.short if is_new else step.sized(table)
    if is_new:
        keys = f"[{', '.join(map(python_text, action.columns))}]"
        code = operation("create_index", table, keys).replace("(", f"({python_text(name)}, ", 1)
    elif action.table is not None and step.partitions(table) == ():
        text = f"CREATE INDEX {quote(name)} ON {as_written(action.table)} ({', '.join(map(quote, action.columns))})"
        code = concurrent_index(text, name, action.table.name, action.table.schema)
    return report(
        CHECK,
        step,
        f"{table.short} ({', '.join(action.columns)})",
        f"No index of {which} begins with {', '.join(action.columns)}: each delete of a row of {parent} "
        "will read the whole table.",
        tables=[table],
        severity="low" if is_new else None,
        advice="Index it now that the table is empty: index=True of the column."
        if is_new
        else "Build the index concurrently in a revision before this one.",
        code=code,
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="likely", find=find)
