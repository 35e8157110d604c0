"""Find statements that the parser does not take, so that no rule could look at their words.

## What it does

Names each statement that ran on the twin, but that the parser of PostgreSQL 17 or 18 does not read: a word of a newer
version, or several statements of which one is odd. Locks and rewrites are judged all the same, for they were observed.

## Why it matters

Rules that go by names, as those about columns that are still used, said nothing about it. That is not the same as fine.

## Example

    op.execute("a statement with a word that only a fork of PostgreSQL knows")

Use instead:

    op.execute("the same in PostgreSQL's own words")

## When it is wrong

It is no fault, only unexamined.

## Source

libpg_query, the server's own grammar.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.lint_tables import steps
from pgwright.model.finding import Check
from pgwright.model.migration import PendingMigrations
from pgwright.model.not_examined import NotExamined

_LETTERS = 60


def find(pending: PendingMigrations) -> Iterator[NotExamined]:
    for step in steps(pending):
        text = " ".join(step.statement.text.split())
        if text and not step.statement.actions and not step.statement.error:
            yield CHECK.unexamined(f"the parser does not take {text[:_LETTERS]!r}", about=f"a statement {step.where}")


CHECK = Check(__name__, reads=PendingMigrations, severity="info", confidence="certain", find=find)
