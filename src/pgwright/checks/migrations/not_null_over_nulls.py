"""Find columns that are to be NOT NULL while rows without a value are there.

## What it does

Reports SET NOT NULL, and a primary key, over a column that has nulls by the planner's statistics, unless a pending
statement before it fills them.

## Why it matters

The statement reads the table behind an exclusive lock and then fails with `column … contains null values`: the deploy
stops halfway. On the empty twin, as on a developer's machine, it succeeds.

## Example

    op.alter_column("note", "title", nullable=False)   # 2 % of the rows have none

Use instead:

    op.declare_backfill("note_title", table="note", sets={"title": "''"}, where="title IS NULL")
    # and NOT NULL in a later revision

## When it is wrong

The nulls are gone since the table was analyzed.

## Source

PostgreSQL manual, `pg_stats`: null_frac.
Also known as: Atlas MF104; pgReviewer "NOT NULL without default".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import BACKFILLS, execute, lines, next_revision, python_text
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.figures import count
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import QualifiedName, quote


def find(pending: PendingMigrations) -> Iterator[Finding]:
    filled: set[QualifiedName] = set()
    for step, action in parts(pending, "update", "delete", "merge", "set not null", "add primary key"):
        table = step.table(action.table)
        if table is None or step.is_empty(table):
            continue
        if action.kind in ("update", "delete", "merge"):
            filled.add(table)
            continue
        for column in (action.name,) if action.kind == "set not null" else action.columns:
            share = _null_share(step, table, column)
            if share and table not in filled and not _is_backfilled(step, table, column):
                yield _finding(step, table, column, share)


def _null_share(step: LintStep, table: QualifiedName, column: str) -> float:
    snapshot, known = step.pending.snapshot, step.known(table)
    if snapshot is None or known is None:
        return 0.0
    read = snapshot.statistics_by_column.get((known.name, column))
    return read.null_fraction if read is not None else 0.0


def _is_backfilled(step: LintStep, table: QualifiedName, column: str) -> bool:
    """Tell whether a pending revision waits for a backfill of the table."""
    words = ("declare_backfill", "require_backfill")
    texts = [one.source for one in step.pending.revisions]
    return any(any(word in one for word in words) and table.name in one and column in one for one in texts)


def _finding(step: LintStep, table: QualifiedName, column: str, share: float) -> Finding:
    rows = step.rows_of(table) or 0.0
    name = python_text(f"{table.name}_{column}")
    schema = "" if table.schema == "public" else f", schema={python_text(table.schema)}"
    where = python_text(f"{quote(column)} IS NULL")
    declared = f"{name}, table={python_text(table.name)}, sets={{{python_text(column)}: …}}, where={where}{schema}"
    return report(
        CHECK,
        step,
        f"{table.short} ({column})",
        f"{column} is null in about {count(round(rows * share), 'row')} of {table.short}: this fails, after it has "
        "read the table behind an exclusive lock.",
        tables=[table],
        evidence=[Evidence("null", f"{share:.1%} of the rows", "estimated")],
        advice="Fill the rows first, outside of the deploy, and refuse new nulls meanwhile by a CHECK … NOT VALID.",
        code=lines(
            "# Say in `sets` what such a row is to have, as SQL, for … :",
            BACKFILLS,
            f"# op.declare_backfill({declared})",
            next_revision("`pgwright backfill` has run"),
            execute(f"ALTER TABLE {table} ALTER COLUMN {quote(column)} SET NOT NULL"),
        ),
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
