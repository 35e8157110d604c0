"""Find endpoints that run one statement again and again, however many rows they return.

## What it does

`pgwright probe` reports a statement that one call runs three times or more, where the number did not grow with the
rows, or where only one size could be called. Where it grew, `n-plus-one` reports it.

## Why it matters

Each execution is a round trip to the server for what one statement, or a value kept for the request, would give.

## Example

    for name in ("theme", "language", "zone"):
        settings[name] = session.scalar(select(Setting.value).where(Setting.name == name))

Use instead:

    dict(session.execute(select(Setting.name, Setting.value).where(Setting.name.in_(("theme", "language", "zone")))))

## When it is wrong

A few executions of a statement that is cheap and seldom called cost nothing that anybody notices.

## Source

PostgreSQL manual, Pipeline Mode, on when round trips matter
(https://www.postgresql.org/docs/current/libpq-pipeline-mode.html).
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.endpoints import found_problem
from pgwright.model.endpoints import ProbedApp
from pgwright.model.finding import Check, Finding


def find(app: ProbedApp) -> Iterator[Finding]:
    for seen in app.endpoints:
        growth = seen.endpoint.growth
        for problem in seen.large:
            is_repeated = problem.kind == "repeated statement" or (problem.kind == "lazy load" and growth is not None)
            if is_repeated and not seen.is_growing(problem):
                yield found_problem(CHECK, seen, problem, f"One call runs this statement {problem.count:,} times.")


CHECK = Check(__name__, reads=ProbedApp, severity="low", confidence="likely", find=find)
