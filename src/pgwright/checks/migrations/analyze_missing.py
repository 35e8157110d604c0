"""Find changes that leave a column or an expression without statistics, with no ANALYZE after them.

## What it does

Reports a column whose type changes, a new column that all rows have a value of, and a new index on an expression, of a
table that is not small, where no later pending revision analyzes the table.

## Why it matters

The planner guesses: that an expression has 200 values, that a condition finds half a percent of the rows. Autovacuum
does not come soon, for it counts changed rows, and these changes count as none.

## Example

    op.execute("ALTER TABLE note ALTER COLUMN size TYPE bigint")

Use instead:

    op.execute("ALTER TABLE note ALTER COLUMN size TYPE bigint")
    op.execute("ANALYZE note")

## When it is wrong

The table is analyzed by a job after each deploy; or it changes so fast that autovacuum comes within minutes.

## Source

PostgreSQL manual, ALTER TABLE, SET DATA TYPE: "the statistics for that column are removed, so running ANALYZE … is
recommended"; CREATE INDEX: Notes.
Also known as: strong_migrations auto_analyze.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines
from pgwright.checks.lint_tables import Step, as_written, report, steps
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.sqltext.rewording import plain


def find(pending: PendingMigrations) -> Iterator[Finding]:
    lacking: dict[QualifiedName, tuple[Step, Action]] = {}
    for step in steps(pending):
        for action in step.statement.actions:
            table = step.table(action.table)
            if action.kind == "analyze" or (action.kind == "vacuum" and "ANALYZE" in step.statement.text.upper()):
                lacking = {} if table is None else {name: one for name, one in lacking.items() if name != table}
            elif table is not None and step.matters(table) and _loses(step, action, table):
                lacking.setdefault(table, (step, action))
    for table, (step, action) in lacking.items():
        yield _finding(step, action, table)


def _loses(step: Step, action: Action, table: QualifiedName) -> bool:
    if action.kind == "create index":
        return "" in action.columns
    is_filled = action.kind == "add column" and action.default is not None and step.is_rewritten(table)
    return action.kind == "change type" or is_filled


def _finding(step: Step, action: Action, table: QualifiedName) -> Finding:
    what = f"the expression of {action.name}" if action.kind == "create index" else f"the column {action.name}"
    analyze = execute(f"ANALYZE {as_written(action.table)}") if action.table is not None else ""
    code = lines(execute(plain(step.statement.text)), analyze)
    return report(
        CHECK,
        step,
        f"{table.short} ({action.name})",
        f"After this the planner knows nothing of {what}, and autovacuum will not analyze {step.sized(table)} soon: "
        "this changes no row by its count.",
        tables=[table],
        advice=f"ANALYZE {table.short} at the end of the revision, or in the next one: the app reads and writes "
        "meanwhile.",
        code="" if step.statement.is_autocommit else code,
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="likely", find=find)
