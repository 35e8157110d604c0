"""Find CASCADE that takes away what the revision does not name.

## What it does

Reports DROP … CASCADE where views, materialized views, or foreign keys of other tables depend on what is dropped.

## Why it matters

CASCADE drops all that depends on the object, whatever that is in this database by now. Nobody reads it in review, the
downgrade does not bring it back, and what reads the view fails from then on.

## Example

    op.execute("ALTER TABLE note DROP COLUMN legacy CASCADE")

Use instead:

    op.execute("DROP VIEW note_report")
    op.execute("ALTER TABLE note DROP COLUMN legacy")
    op.execute("CREATE VIEW note_report AS SELECT id, title FROM note")

## When it is wrong

What depends on it is meant to go, too.

## Source

PostgreSQL manual, Dependency Tracking (https://www.postgresql.org/docs/current/ddl-depend.html).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines
from pgwright.checks.lint_tables import LintStep, parts, report
from pgwright.figures import listing
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import Action, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.sqltext.rewording import plain

_VIEWS = {"view": "VIEW", "materialized view": "MATERIALIZED VIEW"}


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "drop column", "drop table", "drop view", "drop materialized view"):
        table = step.table(action.table)
        if not action.is_cascade or table is None:
            continue
        views, keys = _views(step, table, action), _keys(step, table, action)
        if not views and not keys:
            continue
        named = [*views, *(f"the foreign key {one}" for one in keys)]
        about = f"{table.short} ({action.name})" if action.kind == "drop column" else table.short
        first = [execute(f"DROP {_VIEWS[kind]} {one}") for one, kind in views.items()]
        yield report(
            CHECK,
            step,
            about,
            f"CASCADE also takes {listing(named)}, which the revision does not name.",
            tables=[table],
            evidence=[Evidence("depends on it", listing(named))],
            advice="Drop what depends on it by name, and make again what is to stay. Without CASCADE the server "
            "refuses what was forgotten.",
            code=lines(*first, execute(plain(step.statement.text).replace(" CASCADE", "").replace(" cascade", ""))),
        )


def _views(step: LintStep, table: QualifiedName, action: Action) -> dict[str, str]:
    """Return the views that depend on what is dropped, with their kind, and are there still."""
    snapshot, known = step.pending.snapshot, step.known(table)
    if snapshot is None or known is None:
        return {}
    dropped = {
        one.table.name
        for each in step.revision.upgrade.statements[: step.position]
        for one in each.actions
        if one.kind in ("drop view", "drop materialized view") and one.table is not None
    }
    column = action.name if action.kind == "drop column" else None
    return {
        one.name: one.kind
        for one in snapshot.dependents_by_table.get(known.name, ())
        if one.kind in _VIEWS and column in (None, one.column) and one.name.rpartition(".")[2] not in dropped
    }


def _keys(step: LintStep, table: QualifiedName, action: Action) -> list[str]:
    """Return the foreign keys of other tables that go with it."""
    snapshot, known = step.pending.snapshot, step.known(table)
    if snapshot is None or known is None or action.kind not in ("drop table", "drop column"):
        return []
    column = action.name if action.kind == "drop column" else None
    return [
        f"{one.name} of {one.table.short}"
        for one in snapshot.foreign_keys
        if one.referenced_table == known.name and one.table != known.name and not one.is_inherited
        and (column is None or column in one.referenced_columns)
    ]  # fmt: skip


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="certain", find=find)
