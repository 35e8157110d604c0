"""Find revisions that open files or call other hosts.

## What it does

Reports what a revision tried to open outside of the database while it ran on the twin, where it is kept from it.

## Why it matters

A deploy that calls another service waits for it, behind the locks that the revision holds, and fails when that is down.
What it reads may be another text next year, or not be in the image at all: the same revision does something else on the
next server.

## Example

    rates = httpx.get("https://rates.example.com").json()

Use instead:

    RATES = {"EUR": 1, "USD": 1.08}   # in the revision itself

## When it is wrong

The file lies beside the revision, in the same commit, and nobody edits it.

## Source

Alembic, Tutorial: a revision is a script that is kept as it was.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_python import report_revision
from pgwright.figures import listing
from pgwright.model.finding import Check, Evidence, Finding
from pgwright.model.migration import PendingMigrations


def find(pending: PendingMigrations) -> Iterator[Finding]:
    for revision in pending.revisions:
        if revision.reaches_out:
            what = listing(list(revision.reaches_out), most=3)
            yield report_revision(
                CHECK,
                revision,
                "files and hosts",
                f"It reaches out of the database: {what}. What it does hangs on what is there on that day.",
                evidence=(Evidence("tried to open", listing(list(revision.reaches_out)), "measured"),),
                advice="Put what it needs into the revision itself, as a literal. What comes from a service is a task "
                "of the app's own, after the deploy.",
            )


CHECK = Check(__name__, reads=PendingMigrations, severity="medium", confidence="likely", find=find)
