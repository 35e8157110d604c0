"""Find refreshes of materialized views that nobody can read meanwhile.

## What it does

Reports REFRESH MATERIALIZED VIEW without CONCURRENTLY of a view that is neither new nor small.

## Why it matters

The view is locked for reads while its query runs and its rows are written.

## Example

    op.execute("REFRESH MATERIALIZED VIEW talk_count")

Use instead:

    op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY talk_count")  # needs a unique index on the view

## When it is wrong

The view's definition has just changed, so that what it holds must not be read.

## Source

PostgreSQL manual, REFRESH MATERIALIZED VIEW
(https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html).
Also known as: none of the peers has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.sqltext.rewording import concurrently


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "refresh materialized view"):
        view = step.table(action.table)
        if view is None or action.is_concurrent or not step.matters(view):
            continue
        is_keyed = _has_key(step, view)
        yield report(
            CHECK,
            step,
            view.short,
            f"Nobody can read {step.sized(view)} while it is refreshed, {step.how_long()}.",
            tables=[view],
            advice="Refresh it CONCURRENTLY: its readers go on with the old rows."
            if is_keyed
            else "Build a unique index on plain columns of it concurrently; then refresh it CONCURRENTLY.",
            code=execute(concurrently(step.statement.text)) if is_keyed else "",
        )


def _has_key(step: LintStep, view: QualifiedName) -> bool:
    """Tell whether the view has an index that a concurrent refresh needs, and rows."""
    snapshot = step.pending.snapshot
    if snapshot is None:
        return False
    is_full = any(one.name == view and one.is_populated for one in snapshot.materialized_views)
    indexes = [one for one in snapshot.indexes_by_table.get(view, ()) if one.is_valid]
    keys = [one.definition for one in indexes if one.definition.is_unique and one.definition.predicate is None]
    return is_full and any(all(key.column is not None for key in one.keys) for one in keys)


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
