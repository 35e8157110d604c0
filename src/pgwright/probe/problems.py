"""What the guard names in a call, as the checks read it: with the cost on the server, and without secrets."""

from __future__ import annotations

from collections.abc import Iterable

from pgwright.importing import relative
from pgwright.model.endpoints import StatementProblem
from pgwright.model.finding import CodeLine
from pgwright.probe.request import ProbeRequest
from pgwright.probe.server import ServerCosts, cost_of
from pgwright_runtime.guard import Problem


def read_problems(
    problems: Iterable[Problem], costs: ServerCosts, request: ProbeRequest
) -> tuple[StatementProblem, ...]:
    """Return the problems of one call."""
    return tuple(_problem(one, costs, request) for one in problems)


def _problem(problem: Problem, costs: ServerCosts, request: ProbeRequest) -> StatementProblem:
    place, parent = problem.place, problem.parent
    return StatementProblem(
        kind=problem.kind,
        count=problem.count,
        relationship=problem.relationship,
        fingerprint=problem.fingerprint,
        statement=request.hide(problem.statement),  # a secret may stand in it as a literal
        remedy=problem.remedy,
        place=None if place is None else CodeLine(relative(place.file), place.line, place.function),
        parent="" if parent is None else parent.entity,
        parent_statement="" if parent is None else request.hide(parent.statement),
        cost=cost_of(problem.statement, costs),
    )
