"""Find revisions that the twin refuses.

## What it does

Runs each pending revision on an empty database with production's schema, and reports the error that one ends with. What
comes after it was not examined. Concurrent builds in a transaction are the word of `concurrent-in-transaction`.

## Why it matters

The deploy fails at this statement. What ran before it in an autocommit block, or was committed by hand, stays.

## Example

    op.execute("UPDATE note SET title = 'a', title = 'b'")   # ERROR: multiple assignments to same column "title"

Use instead:

    op.execute("UPDATE note SET title = 'b'")

## When it is wrong

It needs something that the twin lacks: rows, a role, an extension, a setting of the app.

## Source

PostgreSQL, observed on the twin.
Also known as: squawk ban-duplicate-column-assignments, and what no list of words can find.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_python import report_revision
from pgwright.checks.lint_tables import LintStep, report
from pgwright.model.finding import Check, Finding
from pgwright.model.migration import ObservedRevision, PendingMigrations

# `concurrent-in-transaction` and `enum-value-used-in-same-transaction` say these.
_ELSEWHERE = ("cannot run inside a transaction block", "unsafe use of new value")
_HINTS = {
    "multiple assignments to same column": "Assign each column once.",
    'syntax error at or near "\\"': "A backslash command is one of psql, not of the server: write what it would do as "
    "SQL, or read the file in Python.",
    "does not exist": "Where production has it, the twin lacks it: take a snapshot of that database. Else an earlier "
    "revision has to make it.",
    "already exists": "Where production lacks it, take a snapshot of that database. Else it is made already.",
    "permission denied": "Production's role may have more rights than the twin's.",
}
_CANNOT_RUN_HERE = ("not importable", "setting missing", "reached out", "took too long", "needs another")
_ADVICE = "Mend it, and run the chain once on a copy: alembic upgrade head."


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for revision in pending.revisions:
        failed = [(n, one) for n, one in enumerate(revision.upgrade.statements) if one.error]
        error = failed[0][1].error if failed else revision.upgrade.error
        if not error or any(words in error for words in _ELSEWHERE) or revision.upgrade.failure in _CANNOT_RUN_HERE:
            continue
        first = error.strip().splitlines()[0]
        if failed:
            step = LintStep(pending, revision, failed[0][1], failed[0][0])
            message = f"The server refuses this, and the deploy ends here: {first}"
            yield report(CHECK, step, "upgrade()", message, advice=_advice(error))
        else:
            yield _raised(revision, first, is_refused=revision.upgrade.failure == "server refused")


def _raised(revision: ObservedRevision, error: str, *, is_refused: bool) -> Finding:
    here = "and so does the deploy" if is_refused else "on the twin, which has no rows"
    return report_revision(
        CHECK,
        revision,
        "upgrade()",
        f"upgrade() ends with an error, {here}: {error}",
        severity="high" if is_refused else "medium",
        confidence="likely" if is_refused else "possible",
        advice=_advice(error),
    )


def _advice(error: str) -> str:
    return next((f"{hint}" for words, hint in _HINTS.items() if words in error), _ADVICE)


CHECK = Check(__name__, reads=PendingMigrations, severity="high", confidence="likely", find=find)
