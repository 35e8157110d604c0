"""Find relationships that an endpoint loads eagerly and never reads.

## What it does

`pgwright probe` reports a relationship that `joinedload`, `selectinload` or `subqueryload` fetched in every call of an
endpoint, while no instance's attribute was read until the answer was sent.

## Why it matters

The rows are read, sent and turned into objects for nobody; a joined load also repeats the parent's columns in each.

## Example

    select(Notebook).options(selectinload(Notebook.sources))  # and the answer has titles only

Use instead:

    select(Notebook)

## When it is wrong

Reads past the attributes are not seen, as of `vars(notebook)`, where other attributes of the same class were read.
What a rare branch of the handler reads may have been left unread by the arguments of the probe.

## Source

SQLAlchemy, Relationship Loading Techniques
(https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.endpoints import found_problem
from pgwright.model.endpoints import ProbedApp
from pgwright.model.finding import Check, Finding


def find(app: ProbedApp) -> Iterator[Finding]:
    for seen in app.endpoints:
        unread_at_small = {problem.mark for problem in seen.small}
        for problem in seen.large:
            if problem.kind == "unused eager load" and problem.mark in unread_at_small:
                yield found_problem(CHECK, seen, problem, f"It loads {problem.relationship} and reads none of it.")


CHECK = Check(__name__, reads=ProbedApp, severity="low", confidence="likely", find=find)
