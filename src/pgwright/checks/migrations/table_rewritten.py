"""Find statements that write a whole table anew while the app can neither read nor write it.

## What it does

Reports a table that is not small and got a new file on the twin: by another type of a column, a new column with a
volatile default, an identity or a stored expression, SET LOGGED, another tablespace or access method. What rewrites
nothing, such as a longer varchar, is quiet.

## Why it matters

Every row is written anew, and every index built anew, under ACCESS EXCLUSIVE. It takes the space of the table a second
time, and all of it goes through the WAL to each replica.

## Example

    op.add_column("note", sa.Column("token", sa.Uuid(), server_default=sa.text("gen_random_uuid()")))

Use instead:

    op.add_column("note", sa.Column("token", sa.Uuid()))
    op.alter_column("note", "token", server_default=sa.text("gen_random_uuid()"))  # fill the old rows by a backfill

## When it is wrong

The app is stopped while the revision runs.

## Source

PostgreSQL manual, ALTER TABLE, Notes (https://www.postgresql.org/docs/current/sql-altertable.html).
Also known as: squawk changing-column-type, adding-field-with-default, adding-serial-primary-key-field;
strong_migrations "Changing the type of a column", "Adding a column with a volatile default value",
"Adding a stored generated column", "Adding an auto-incrementing column"; django-migration-linter ALTER_COLUMN;
pgReviewer "type change", "column default".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import backfill, execute, lines, next_revision, not_null
from pgwright.checks.lint_tables import LintStep, as_written, report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName, quote

_CAUSES = ("change type", "add column", "set logged", "set tablespace", "set access method", "drop expression")
# Those have rules of their own, or are meant to: TRUNCATE writes no row.
_OTHERS = {"vacuum", "cluster", "truncate", "refresh materialized view", "drop table"}


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step in steps(pending):
        if not step.statement.rewritten or _OTHERS.intersection(one.kind for one in step.statement.actions):
            continue
        causes = [one for one in step.statement.actions if one.kind in _CAUSES and _rewrites(step, one)]
        for action in causes:
            table = step.table(action.table)
            if table is not None and step.is_rewritten(table) and step.matters(table):
                yield _finding(step, action, table)
        if not causes:
            tables = [one for one in step.statement.rewritten if step.matters(one)]
            yield from (_finding(step, step.statement.first or Action("other"), one) for one in tables)


def _rewrites(step: LintStep, action: Action) -> bool:
    """Tell whether a part may be what rewrote the table: beside others, a plain new column is not."""
    alone = len(step.statement.actions) == 1
    return action.kind != "add column" or alone or action.default is not None or _numbers(step, action)


def _numbers(step: LintStep, action: Action) -> bool:
    has_identity = any(one.kind == "add identity" and one.name == action.name for one in step.statement.actions)
    return has_identity or action.type.lower().endswith("serial")


def _finding(step: LintStep, action: Action, table: QualifiedName) -> Finding:
    what = {"change type": f"Changing {action.name} to {action.type}", "add column": f"Adding {action.name}"}
    is_filled = action.kind == "add column" and action.default is not None and "GENERATED" not in action.text.upper()
    return report(
        CHECK,
        step,
        f"{table.short} ({action.name})" if action.name else table.short,
        f"{what.get(action.kind, 'This')} writes {step.sized(table)} anew, with all its indexes, while the app can "
        f"neither read nor write it, {step.how_long()}.",
        tables=[table],
        severity=step.severity(table),
        advice=_advice(step, action, is_filled=is_filled),
        code=_filled_later(action) if is_filled and not _numbers(step, action) else "",
    )


def _advice(step: LintStep, action: Action, *, is_filled: bool) -> str:
    if action.kind == "change type":
        return (
            "Add a column of the new type, keep both in step by a trigger, fill the old rows by a backfill, and swap "
            "the two under a short lock. `pgwright fix --online` writes these revisions for uuid, bigint and "
            "timestamptz."
        )
    if action.kind == "add column" and _numbers(step, action):
        return (
            "Add the column without a default, then SET DEFAULT nextval(…) of a new sequence: new rows are numbered. "
            "Number the old ones by a backfill, then set NOT NULL by way of a valid CHECK."
        )
    if is_filled:
        return "Add the column without the default, set the default, which is for new rows, and backfill the old ones."
    if action.kind == "add column":
        return "Add a plain column that the app or a trigger fills, and a backfill for old rows; or compute it."
    return "Move the rows to a new table by a backfill, and swap the two; or do it in a window."


def _filled_later(action: Action) -> str:
    if action.table is None or action.default is None:
        return ""
    table, column = as_written(action.table), quote(action.name)
    filled = backfill(
        f"{action.table.name}_{action.name}", action.table.name, {action.name: action.default}, f"{column} IS NULL",
        action.table.schema,
    )  # fmt: skip
    required = [next_revision("every row has a value"), not_null(table, [action.name])] if action.is_not_null else []
    return lines(
        execute(f"ALTER TABLE {table} ADD COLUMN {column} {action.type}"),
        execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {action.default}"),
        filled,
        *required,
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
