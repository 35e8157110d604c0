"""Find tables and views that a revision drops while code still names them.

## What it does

Reports DROP TABLE, DROP VIEW and DROP MATERIALIZED VIEW of what the models, a view, or a statement of the workload
names. A view that the same transaction makes anew is left alone.

## Why it matters

Code that was deployed before the revision runs on while it is deployed. Each of its requests that names the table fails
with `relation … does not exist`.

## Example

    op.drop_table("session")          # in the same deploy that removes the model

Use instead:

    # this deploy: the model is gone, and no revision drops the table
    op.drop_table("session")          # the next deploy

## When it is wrong

The statement is of a version that no longer runs, and `pg_stat_statements` still counts it.

## Source

PostgreSQL manual, DROP TABLE.
Also known as: squawk ban-drop-table; strong_migrations; django-migration-linter DROP_TABLE; Atlas DS102.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwright.checks.lint_code import execute, lines
from pgwright.checks.lint_tables import LintStep, as_written, parts, report
from pgwright.checks.lint_uses import confidence_of, named_by, use_evidence, uses_of
from pgwright.figures import count
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import Action, NameUse, PendingMigrations

_WORDS = {"drop table": "TABLE", "drop view": "VIEW", "drop materialized view": "MATERIALIZED VIEW"}


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for step, action in parts(pending, "drop table", "drop view", "drop materialized view"):
        table = step.table(action.table)
        if table is None or action.table is None or _comes_again(step, action):
            continue
        uses = uses_of(step, table) or _read_as_view(step, action)
        if not uses:
            continue
        yield report(
            CHECK,
            step,
            table.short,
            f"{table.short} is still named by {named_by(uses)}: from the moment it is gone these requests fail, "
            "until no old process runs any more.",
            tables=[table],
            evidence=use_evidence(uses),
            confidence=confidence_of(uses),
            advice="Remove it from the models and the statements first, and deploy that everywhere. "
            "Drop it in the next deploy.",
            code=lines(
                f"# This deploy: the code no longer names {table.name}, and no revision drops it.",
                f"# next revision, after no process runs that names {table.name}",
                execute(f"DROP {_WORDS[action.kind]} {as_written(action.table)}"),
            ),
        )


def _read_as_view(step: LintStep, dropped: Action) -> tuple[NameUse, ...]:
    """Return the statements that name a view: the snapshot has the columns of tables alone."""
    snapshot, view = step.pending.snapshot, dropped.table
    if snapshot is None or view is None or dropped.kind != "drop view":
        return ()
    word = re.compile(rf'(?<![\w"]){re.escape(view.name)}(?![\w"])')
    calls = [one.calls for one in snapshot.statements if word.search(one.text)]
    return tuple(NameUse(view.name, "", f"a statement that ran {count(one, 'time')}", "workload") for one in calls)


def _comes_again(step: LintStep, dropped: Action) -> bool:
    """Tell whether the same transaction makes a relation of that name."""
    makes = ("create view", "create materialized view", "create table")
    later = (one for each in step.after for one in each.statement.actions if one.kind in makes)
    return any(one.table == dropped.table or (one.new_name == dropped.name) for one in later)


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
