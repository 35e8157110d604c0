"""Find revisions that change the schema and cannot be taken back.

## What it does

Reports a `downgrade()` that does nothing or only raises, of a revision whose `upgrade()` changes the schema. A comment
or a docstring in it that says why is taken for a decision.

## Why it matters

`alembic downgrade` of a `pass` says that the revision is undone, and leaves all that it did: the next upgrade fails,
because the column is there already. Who rolls back at night finds out then.

## Example

    def downgrade():
        pass

Use instead:

    def downgrade():
        op.drop_column("note", "title")

## When it is wrong

The team never goes back, only forward: allow `downgrade-missing`.

## Source

Alembic, Tutorial: Running our Second Migration.
Also known as: django-migration-linter RUNPYTHON_REVERSIBLE, RUNSQL_REVERSIBLE; pytest-alembic "up_down_consistency".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pgwright.checks.lint_python import function_of, place_of, report_revision, says_why, statements_of
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import ActionKind, ObservedRevision, PendingMigrations

# What leaves the schema as it was, or cannot be taken back.
_IDLE: frozenset[ActionKind] = frozenset(
    ("select", "insert", "update", "delete", "merge", "copy", "set", "begin", "commit", "rollback", "savepoint",
     "lock table", "analyze", "vacuum", "comment", "reindex", "refresh materialized view", "do", "call",
     "validate constraint", "truncate", "add enum value")
)  # fmt: skip


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for revision in pending.revisions:
        function = function_of(revision, "downgrade")
        if not _changes(revision):
            continue
        if function is None:
            yield _finding(revision, "is missing", None)
            continue
        done = statements_of(function)
        if not done and not says_why(revision, function):
            yield _finding(revision, "does nothing: the next upgrade meets what this one left", function)
        elif done and isinstance(done[0], ast.Raise) and not _has_message(done[0]) and not says_why(revision, function):
            yield _finding(revision, "raises, and does not say why", function)


def _changes(revision: ObservedRevision) -> bool:
    actions = [one for each in revision.upgrade.statements for one in each.actions]
    return any(one.kind not in _IDLE and not (one.kind == "other" and not one.table) for one in actions)


def _has_message(node: ast.Raise) -> bool:
    return isinstance(node.exc, ast.Call) and bool(node.exc.args)


def _finding(revision: ObservedRevision, what: str, function: ast.FunctionDef | None) -> Finding:
    place = place_of(revision, function, "downgrade") if function is not None else None
    return report_revision(
        CHECK,
        revision,
        "downgrade()",
        f"downgrade() {what}.",
        place=place,
        advice="Undo what upgrade() did, in the reverse order. Where that cannot be, raise and say what to do.",
    )


CHECK = Check(__name__, reads=PendingMigrations, severity="low", confidence="certain", find=find)
