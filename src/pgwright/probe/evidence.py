"""The evidence of a probe: what was measured at each size, and what the guard saw there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgwright.model.finding import Evidence
from pgwright.model.probe import ProbedEndpoint
from pgwright.probe.loading import relative
from pgwright.probe.server import ServerCosts, cost_of
from pgwright.sqltext import gist
from pgwright_runtime.guard import Problem

_GIST = 160
_OBJECT_GIST = 80


@dataclass(frozen=True)
class Seen:
    """One endpoint with all that its calls showed."""

    endpoint: ProbedEndpoint
    small: tuple[Problem, ...]
    """Problems at the smaller size; those of the only size, where there is one."""
    large: tuple[Problem, ...]
    costs: ServerCosts

    def executions_at_small(self, problem: Problem) -> int:
        """Return how often the statement behind a problem ran at the smaller size, as far as it was a problem there."""
        return max((one.count for one in self.small if mark(one) == mark(problem)), default=0)

    def is_growing(self, problem: Problem) -> bool:
        """Tell whether a problem is larger where the data is."""
        growth = self.endpoint.growth
        return growth is not None and growth > 0 and problem.count > self.executions_at_small(problem)


def mark(problem: Problem) -> tuple[str, str]:
    """Return what makes a problem the same at both sizes."""
    return problem.kind, problem.relationship or problem.fingerprint


def about(seen: Seen, problem: Problem) -> str:
    """Return the object of a finding: `GET /couriers: Courier.vehicle`."""
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


def of_problem(seen: Seen, problem: Problem) -> Iterator[Evidence]:
    """Yield what the guard says of a problem, and what its statement costs on the server."""
    if problem.place is not None:
        place = f"{relative(problem.place.file)}:{problem.place.line} in {problem.place.function}"
        yield Evidence("line", place, "measured")
    if problem.statement:
        yield Evidence("statement", f"{problem.count:,} × {gist(problem.statement, _GIST)}", "measured")
    if problem.parent is not None and problem.parent.statement:
        yield Evidence("loaded by", gist(problem.parent.statement, _GIST), "measured")
    cost = cost_of(problem.statement, seen.costs)
    if cost is not None:
        yield Evidence("on the server", str(cost), "read")


def advice(problem: Problem) -> str:
    """Return the guard's remedy as a sentence."""
    return f"{problem.remedy[:1].upper()}{problem.remedy[1:]}."


def query_ids(seen: Seen, problem: Problem) -> tuple[int, ...]:
    cost = cost_of(problem.statement, seen.costs)
    return cost.query_ids if cost is not None else ()
