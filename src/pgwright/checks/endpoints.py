"""What the checks of an app say alike: the object, the figures of its calls, the statement and its line."""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.model.endpoints import ProbedApp, SeenEndpoint, StatementProblem
from pgwright.model.finding import Check, Confidence, Evidence, Finding, Severity
from pgwright.model.probe import ProbedEndpoint
from pgwright.sqltext import gist

_GIST = 160
_OBJECT_GIST = 80


def found_problem(
    check: Check[ProbedApp],
    seen: SeenEndpoint,
    problem: StatementProblem,
    message: str,
    *,
    severity: Severity | None = None,
    confidence: Confidence | None = None,
) -> Finding:
    """Return a finding about one problem of an endpoint."""
    return check.found(
        problem_name(seen, problem),
        message,
        evidence=[*measured(seen.endpoint), *_of_problem(problem)],
        advice=f"{problem.remedy[:1].upper()}{problem.remedy[1:]}.",
        severity=severity,
        confidence=confidence,
        queries=problem.cost.query_ids if problem.cost is not None else (),
        place=problem.place,
    )


def problem_name(seen: SeenEndpoint, problem: StatementProblem) -> str:
    """Return what a finding about a problem is about, as `GET /couriers: Courier.vehicle`."""
    return f"{seen.endpoint.name}: {problem.relationship or gist(problem.statement, _OBJECT_GIST)}"


def measured(endpoint: ProbedEndpoint) -> Iterator[Evidence]:
    """Yield what each call showed."""
    for call in endpoint.calls:
        size = f" at {call.size}" if call.size else ""
        fetched = "" if call.rows_fetched is None else f", {rows(call.rows_fetched)} fetched"
        value = f"{call.queries:,} for {rows(call.rows)} in the answer{fetched}, {call.ms:,.1f} ms"
        yield Evidence(f"queries{size}", value, "measured")


def rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"


def _of_problem(problem: StatementProblem) -> Iterator[Evidence]:
    """Yield what the guard says of a problem, and what its statement costs on the server."""
    if problem.place is not None:
        yield Evidence("line", str(problem.place), "measured")
    if problem.statement:
        yield Evidence("statement", f"{problem.count:,} × {gist(problem.statement, _GIST)}", "measured")
    if problem.parent_statement:
        yield Evidence("loaded by", gist(problem.parent_statement, _GIST), "measured")
    if problem.cost is not None:
        yield Evidence("on the server", str(problem.cost), "read")
