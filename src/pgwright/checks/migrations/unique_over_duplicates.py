"""Find unique indexes and constraints that the rows there do not allow.

## What it does

Reports a unique index, a unique constraint or a primary key over columns whose values repeat, by the planner's
statistics. Partial indexes and expressions are left alone; where there are no statistics, nothing is said.

## Why it matters

The build reads the whole table and then fails with `could not create unique index`: the deploy stops halfway, and a
concurrent build leaves an invalid index behind. On the empty twin, as on a developer's machine, it succeeds.

## Example

    op.create_unique_constraint("uq_member_email", "member", ["email"])   # 4,900 values in 5,000 rows

Use instead:

    SELECT email, count(*) FROM member GROUP BY email HAVING count(*) > 1;   -- mend these first

## When it is wrong

The duplicates are gone since the table was analyzed. `n_distinct` is an estimate of a sample.

## Source

PostgreSQL manual, `pg_stats`: n_distinct.
Also known as: Atlas MF101, MF102; django-migration-linter ADD_UNIQUE.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.figures import count
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName, quote

# n_distinct is estimated from a sample and tends to be too small where few values repeat: below this share of the rows
# that have a value, some do.
CERTAIN_SHARE = 0.9


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "create index", "add unique", "add primary key"):
        table = step.table(action.table)
        if table is None or not action.is_unique or action.using_index or not _is_plain(step, action):
            continue
        if step.is_empty(table) or (known := _distinct(step, table, action.columns)) is None:
            continue
        distinct, rows = known
        if distinct < rows * CERTAIN_SHARE:
            yield _finding(step, table, action, distinct, rows)


def _is_plain(step: LintStep, action: Action) -> bool:
    is_partial = action.kind == "create index" and " where " in step.statement.text.lower()
    return bool(action.columns) and all(action.columns) and not is_partial


def _distinct(step: LintStep, table: QualifiedName, columns: tuple[str, ...]) -> tuple[float, float] | None:
    """Return at most how many different values the columns have together, and how many rows have them."""
    snapshot, known = step.pending.snapshot, step.known(table)
    if snapshot is None or known is None:
        return None
    found = [snapshot.statistics_by_column.get((known.name, one)) for one in columns]
    rows = known.rows
    if any(one is None for one in found) or not rows or _is_written(step, table, columns):
        return None
    filled = rows * (1 - max(one.null_fraction for one in found if one is not None))
    counts = [max(one.distinct_count(rows), 1.0) for one in found if one is not None]
    # Several columns have at most the product of what each has.
    return min(prod(counts), filled), filled


def _is_written(step: LintStep, table: QualifiedName, columns: tuple[str, ...]) -> bool:
    """Tell whether a pending statement before it changes or deletes rows of the table: it may mend them."""
    for revision in step.pending.revisions:
        is_own = revision is step.revision
        for each in revision.upgrade.statements[: step.position if is_own else None]:
            for one in each.actions:
                is_here = one.table is not None and step.table(one.table) == table
                if is_here and (one.kind in ("update", "delete", "merge", "truncate") or one.name in columns):
                    return True
        if is_own:
            break
    return False


def _finding(step: LintStep, table: QualifiedName, action: Action, distinct: float, rows: float) -> Finding:
    columns = ", ".join(map(quote, action.columns))
    return report(
        CHECK,
        step,
        f"{table.short} ({columns})",
        f"{count(round(distinct), 'value')} in {count(round(rows), 'row')} of {table.short} ({columns}): this fails "
        "with duplicates, after it has read the whole table.",
        tables=[table],
        evidence=[Evidence("different values", f"{distinct:,.0f}", "estimated")],
        advice="Look for the duplicates and mend them first: "
        f"SELECT {columns}, count(*) FROM {table} GROUP BY {columns} HAVING count(*) > 1.",
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
