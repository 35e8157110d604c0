"""Find downgrades that the twin refuses.

## What it does

Runs `downgrade()` on the twin right after `upgrade()`, and reports the error that it ends with. One that raises on
purpose is the word of `downgrade-missing`.

## Why it matters

Nobody runs it before it is needed, and then the rollback of a bad deploy stops halfway.

## Example

    def downgrade():
        op.drop_column("note", "titel")   # the column is called title

Use instead:

    def downgrade():
        op.drop_column("note", "title")

## When it is wrong

It needs something that the twin lacks: rows, a role, an extension.

## Source

PostgreSQL, observed on the twin.
Also known as: pytest-alembic "up_down_consistency".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pgwright.checks.lint_python import function_of, place_of, report_revision, statements_of
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import ObservedRevision, PendingMigrations

# Said as not examined.
_CANNOT_RUN_HERE = ("not importable", "setting missing", "reached out", "took too long")


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for revision in pending.revisions:
        down = revision.downgrade
        if down is None or not down.error or _raises(revision) or down.failure in _CANNOT_RUN_HERE:
            continue
        failed = next((one for one in down.statements if one.error), None)
        function = function_of(revision, "downgrade")
        error = down.error.strip().splitlines()[0].rstrip(".")
        is_refused = down.failure == "server refused"
        yield report_revision(
            CHECK,
            revision,
            "downgrade()",
            f"{'The twin refuses downgrade()' if is_refused else 'downgrade() ends with an error'}: {error}.",
            place=failed.place
            if failed is not None
            else place_of(revision, function, "downgrade")
            if function
            else None,
            evidence=(Evidence("statement", " ".join(failed.text.split())[:300]),) if failed is not None else (),
            advice="Mend it, and run it once: alembic upgrade head, alembic downgrade -1, alembic upgrade head.",
        )


def _raises(revision: ObservedRevision) -> bool:
    function = function_of(revision, "downgrade")
    done = statements_of(function) if function is not None else []
    return bool(done) and isinstance(done[0], ast.Raise)


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="likely", find=find)
