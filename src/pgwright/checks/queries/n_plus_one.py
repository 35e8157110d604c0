"""Find endpoints whose number of queries grows with their rows.

## What it does

`pgwright probe` calls each GET endpoint with a small and a larger page, or for a parent with few and one with many
children, and counts the queries of each call. An endpoint that needs more queries for more rows is named, with the
relationship or the statement behind them, the line of your code, and the loader option to add.

## Why it matters

A page of 50 rows costs 51 statements, each with a round trip to the server. The statements are fast one by one, so no
list of slow queries shows them.

## Example

    for notebook in session.scalars(select(Notebook).where(Notebook.owner_id == owner.id)):
        print(len(notebook.sources))  # one SELECT for each notebook

Use instead:

    select(Notebook).where(Notebook.owner_id == owner.id).options(selectinload(Notebook.sources))

## When it is wrong

Where only one size could be called, lazy loads are reported as likely, for their growth was not seen. Where the guard
saw no reason, the queries may come from a cache that the smaller call had filled.

## Source

SQLAlchemy, Relationship Loading Techniques
(https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html): "the N plus one problem".
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.checks.endpoints import found_problem, measured, rows
from pgwright.model.endpoints import ProbedApp, SeenEndpoint, StatementProblem
from pgwright.model.finding import Check, Finding
from pgwright.model.probe import ProbeCall

# One page with so many statements is the first thing to mend; all four systems aim at fewer than 5.
MANY_QUERIES = 20
# Without the guard's evidence: a larger page may need a statement or two for what the smaller one did not have.
GROWTH_WITHOUT_EVIDENCE = 5


def find(app: ProbedApp) -> Iterator[Finding]:
    for seen in app.endpoints:
        loads = [one for one in seen.large if one.kind in ("lazy load", "repeated statement")]
        growing = [one for one in loads if seen.is_growing(one)]
        growth = seen.endpoint.growth
        for problem in loads:
            if problem in growing or (growth is None and problem.kind == "lazy load"):
                yield _finding(seen, problem)
        if growth is not None and not growing and growth >= GROWTH_WITHOUT_EVIDENCE:
            yield _unexplained(seen)


def _finding(seen: SeenEndpoint, problem: StatementProblem) -> Finding:
    calls, growth = seen.endpoint.calls, seen.endpoint.growth
    if growth is None:
        said = f"One call ran this statement {problem.count:,} times, once for each {problem.parent or 'row'}."
    else:
        said = f"Its queries grow with its rows: {', '.join(_sizes(calls[0], calls[-1]))}."
    return found_problem(
        CHECK,
        seen,
        problem,
        said,
        severity="high" if calls[-1].queries >= MANY_QUERIES else None,
        confidence="likely" if growth is None else None,
    )


def _unexplained(seen: SeenEndpoint) -> Finding:
    calls = seen.endpoint.calls
    return CHECK.found(
        seen.endpoint.name,
        f"Its queries grow from {calls[0].queries:,} to {calls[-1].queries:,}, by statements that differ from each "
        "other.",
        evidence=measured(seen.endpoint),
        advice="Look at its statements: pgwright_runtime.guard lists them in mode 'raise'.",
        confidence="possible",
    )


def _sizes(small: ProbeCall, large: ProbeCall) -> Iterator[str]:
    """Yield queries and rows of two calls; the rows of the answer where it grew, else those that were fetched."""
    is_in_answer = large.rows > small.rows
    for call in (small, large):
        told = rows(call.rows) if is_in_answer else f"{rows(call.rows_fetched or 0)} fetched"
        yield f"{call.queries:,} for {told}"


CHECK = Check(__name__, reads=ProbedApp, severity="medium", confidence="certain", find=find)
