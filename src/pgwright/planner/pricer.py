"""Planned costs of statements under sets of candidates, each asked of the twin once."""

from __future__ import annotations

from collections.abc import Iterable

from pgwright.planner.twin import Candidate, Twin
from pgwright.planner.workload import PricedStatement, Workload


class Pricer:
    """Planned costs of statements under sets of candidates, each asked of the twin once."""

    def __init__(self, twin: Twin, workload: Workload) -> None:
        self._twin = twin
        self._workload = workload
        self._known: dict[tuple[int, frozenset[int]], tuple[float, frozenset[int]]] = {}

    def affected(self, candidate: Candidate) -> Iterable[tuple[int, PricedStatement]]:
        """Return the statements that read or write the tables of a candidate, with their positions."""
        return [(i, one) for i, one in enumerate(self._workload.statements) if candidate.tables & one.tables]

    def cost(self, position: int, chosen: Iterable[Candidate]) -> float:
        """Return the planned cost of one call."""
        return self._priced(position, chosen)[0]

    def used(self, position: int, chosen: Iterable[Candidate]) -> frozenset[int]:
        """Return the oids of the candidates that the plan uses."""
        return self._priced(position, chosen)[1]

    def _priced(self, position: int, chosen: Iterable[Candidate]) -> tuple[float, frozenset[int]]:
        one = self._workload.statements[position]
        relevant = [candidate for candidate in chosen if candidate.tables & one.tables]
        key = (position, frozenset(candidate.oid for candidate in relevant))
        if key not in self._known:
            self._twin.enable(relevant)
            cost, used = 0.0, frozenset[int]()
            for case in one.cases:
                plan = self._twin.explain(one.statement.text, case.values)
                cost += case.weight * plan.total_cost
                used |= {each.oid for each in relevant if not each.parts.keys().isdisjoint(plan.indexes)}
            self._known[key] = (cost, used)
        return self._known[key]
