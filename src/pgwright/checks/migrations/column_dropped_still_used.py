"""Find columns that a revision drops while code still names them.

## What it does

Reports DROP COLUMN of a column that the models declare, that a view reads, or that a statement of the workload names.

## Why it matters

The code that runs while the revision is deployed was written before it: SQLAlchemy names every column of a model in
every SELECT, INSERT and RETURNING. From the moment the column is gone, each of these requests fails with
`column … does not exist`, until the last old process has ended.

## Example

    op.drop_column("note", "legacy")          # in the same deploy that takes `legacy` out of the model

Use instead:

    # this deploy: `legacy` leaves the model, and no revision drops it
    op.drop_column("note", "legacy")          # the next deploy

## When it is wrong

The statement is of a version that no longer runs, and `pg_stat_statements` still counts it: reset it, or allow the
finding.

## Source

PostgreSQL manual, ALTER TABLE, DROP COLUMN.
Also known as: squawk ban-drop-column; strong_migrations "Removing a column"; django-migration-linter DROP_COLUMN;
Atlas DS103; pgReviewer "dropped column referenced".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import lines, python_text
from pgwright.checks.lint_python import operation
from pgwright.checks.lint_tables import parts, report
from pgwright.checks.lint_uses import confidence_of, named_by, use_evidence, uses_of
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "drop column"):
        table = step.table(action.table)
        if table is None or not (uses := uses_of(step, table, action.name)):
            continue
        is_declared = any(one.kind == "model" for one in uses)
        fails = "every request that loads or writes such a row fails" if is_declared else "these requests fail"
        yield report(
            CHECK,
            step,
            f"{table.short} ({action.name})",
            f"{action.name} of {table.short} is still named by {named_by(uses)}: from the moment it is gone {fails}, "
            "until no old process runs any more.",
            tables=[table],
            evidence=use_evidence(uses),
            confidence=confidence_of(uses),
            advice=f"Take {action.name} out of the models and the statements first, and deploy that everywhere. "
            "Drop the column in the next deploy.",
            code=lines(
                f"# This deploy: the code no longer names {action.name}, and no revision drops it.",
                f"# next revision, after no process runs that names {action.name}",
                operation("drop_column", table, python_text(action.name)),
            ),
        )


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
