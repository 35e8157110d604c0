"""Which set of candidates is best, by the plans found so far: a mixed-integer programme, solved by HiGHS.

Every query takes one of its known plans (an Atom), and a plan may be taken only where all its indexes are chosen:

    minimise  Σ weight(q) · cost(a) · y(q, a)  +  Σ price(i) · x(i)
    where     Σ y(q, a) = 1              for each query q
              Σ y(q, a) ≤ x(i)           for each query q and index i, over the plans a that use i
              Σ bytes(i) · x(i) ≤ budget
              x(i) + Σ x(j) ≥ 1          for each index i of production, over the j that can do its work

Source of the form: Dash, Polyzotis, Ailamaki, "CoPhy: a scalable, portable, and interactive index advisor for large
workloads", VLDB 2011. There the plans come from a cost model of their own; here each is the planner's, under a set of
candidates that the search asked about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import highspy
import numpy as np

from pgwright.advisor.pricer import Pricer, members

# Costs within a ten-thousandth are one: the planner's estimates are not that good.
_GAP = 1e-4
_MEGABYTE = 1e6
# Rounding in sums of costs.
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Terms:
    """What a choice costs beside the plans, and what limits it."""

    sizes: Sequence[int]
    """Bytes that each candidate counts against the budget; 0 for an index of production."""
    prices: Sequence[float]
    """What having each candidate costs (its writes, and what it must gain), in weighted planned cost."""
    budget: float
    """Bytes that all chosen candidates together may take."""
    stand_ins: Mapping[int, int] = field(default_factory=dict)
    """For each index of production that may be dropped, the set of candidates of which one must stay in its place."""

    def size(self, chosen: int) -> int:
        return sum(self.sizes[number] for number in members(chosen))

    def fits(self, chosen: int) -> bool:
        return self.budget == float("inf") or self.size(chosen) <= self.budget

    def with_stand_ins(self, chosen: int) -> int:
        """Return a set with those indexes of production that may not leave, for nothing in it does their work."""
        for number, others in self.stand_ins.items():
            if not chosen & (1 << number | others):
                chosen |= 1 << number
        return chosen

    def price(self, chosen: int) -> float:
        return sum(self.prices[number] for number in members(chosen))


@dataclass(frozen=True)
class Choice:
    """A set of candidates, as the plans known at that time value it."""

    chosen: int
    cost: float
    """Weighted planned cost, prices included."""
    bound: float
    """No set costs less under the plans known."""


def select(pricer: Pricer, terms: Terms, *, start: int = 0, forbidden: int = 0, seconds: float = 10.0) -> Choice:
    """Return the best choice under the plans known, or the best found in time.

    Args:
        start: a choice to begin with, which fits the budget.
        forbidden: candidates that may not be chosen.
        seconds: the most that the solver may take.
    """
    model = _Model(pricer, terms, forbidden)
    return model.solve(start, seconds)


class _Silent(highspy.Highs):
    """A solver that keeps off standard output, where a report may go; 1.16 greets when it gets its callbacks."""

    def enableCallbacks(self) -> None:  # noqa: N802
        self.silent()
        super().enableCallbacks()  # type: ignore[no-untyped-call]


class _Model:
    def __init__(self, pricer: Pricer, terms: Terms, forbidden: int) -> None:
        self._terms = terms
        self._plans = [
            (query, atom.used, one.weight * atom.cost)
            for query, one in enumerate(pricer.queries)
            for atom in pricer.atoms(query)
            if not atom.used & forbidden and terms.fits(atom.used)
        ]
        used = 0
        for _, indexes, _ in self._plans:
            used |= indexes
        for number, others in terms.stand_ins.items():
            used |= 1 << number | others & ~forbidden
        self._indexes = list(members(used))
        # The solver's tolerances are absolute, so the costs are brought to a size that it likes.
        self._scale = 1e6 / (max((cost for *_, cost in self._plans), default=0.0) or 1.0)
        self._place = {number: place for place, number in enumerate(self._indexes)}

    def solve(self, start: int, seconds: float) -> Choice:
        stated = self._solved(start, seconds, is_told_start=True)
        # HiGHS 1.16 can give another solution than the one whose cost it states, where it was told one to start with.
        if self.cost(stated.chosen) > stated.cost * (1 + _TOLERANCE):
            stated = self._solved(start, seconds, is_told_start=False)
        return replace(stated, cost=self.cost(stated.chosen))

    def _solved(self, start: int, seconds: float, *, is_told_start: bool) -> Choice:
        """Return the choice with the cost that the solver states; the start where it found nothing in time."""
        solver: Any = _Silent()  # type: ignore[no-untyped-call]
        solver.setOptionValue("mip_rel_gap", _GAP)
        solver.setOptionValue("time_limit", seconds)
        solver.setOptionValue("threads", 1)
        solver.passModel(self._programme())
        if is_told_start:
            solver.setSolution(self._solution(start))
        solver.run()
        values, info = solver.getSolution().col_value, solver.getInfo()
        cost, bound = (float(one) / self._scale for one in (info.objective_function_value, info.mip_dual_bound))
        chosen = 0
        for number, value in zip(self._indexes, values, strict=False):
            chosen |= (value > 0.5) << number
        if (self._indexes and not values) or not self._terms.fits(chosen):  # nothing found in time
            chosen, cost = start, self.cost(start)
        return Choice(chosen, cost, bound)

    def cost(self, chosen: int) -> float:
        least: dict[int, float] = {}
        for query, used, cost in self._plans:
            if not used & ~chosen and cost < least.get(query, float("inf")):
                least[query] = cost
        return sum(least.values()) + self._terms.price(chosen)

    def _programme(self) -> highspy.HighsLp:
        first_plan = len(self._indexes)
        columns = first_plan + len(self._plans)
        rows: list[tuple[float, float, list[int], list[float]]] = []
        of_query: dict[int, list[int]] = defaultdict(list)
        users: dict[tuple[int, int], list[int]] = defaultdict(list)
        for place, (query, used, _) in enumerate(self._plans, first_plan):
            of_query[query].append(place)
            for number in members(used):
                users[query, number].append(place)
        for (_, number), plans in users.items():
            places = [self._place[number], *plans]
            rows.append((-highspy.kHighsInf, 0.0, places, [-1.0] + [1.0] * len(plans)))
        for plans in of_query.values():
            rows.append((1.0, 1.0, plans, [1.0] * len(plans)))
        if self._terms.budget != float("inf"):
            sizes = [self._terms.sizes[number] / _MEGABYTE for number in self._indexes]
            rows.append((-highspy.kHighsInf, self._terms.budget / _MEGABYTE, list(range(first_plan)), sizes))
        for number, others in self._terms.stand_ins.items():
            places = [self._place[other] for other in members(1 << number | others) if other in self._place]
            rows.append((1.0, highspy.kHighsInf, places, [1.0] * len(places)))

        programme = highspy.HighsLp()
        programme.num_col_, programme.num_row_ = columns, len(rows)
        costs = [self._terms.prices[number] for number in self._indexes] + [cost for *_, cost in self._plans]
        programme.col_cost_ = np.array(costs) * self._scale
        programme.col_lower_, programme.col_upper_ = np.zeros(columns), np.ones(columns)
        # A plan's share would be whole by itself once the indexes are; told so, the solver is many times faster.
        programme.integrality_ = [highspy.HighsVarType.kInteger] * columns
        programme.row_lower_ = np.array([row[0] for row in rows])
        programme.row_upper_ = np.array([row[1] for row in rows])
        programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        programme.a_matrix_.start_ = np.cumsum([0, *(len(row[2]) for row in rows)])
        programme.a_matrix_.index_ = np.array([place for row in rows for place in row[2]])
        programme.a_matrix_.value_ = np.array([value for row in rows for value in row[3]])
        return programme

    def _solution(self, chosen: int) -> highspy.HighsSolution:
        solution = highspy.HighsSolution()
        values = [float(chosen >> number & 1) for number in self._indexes] + [0.0] * len(self._plans)
        best: dict[int, tuple[float, int]] = {}
        for place, (query, used, cost) in enumerate(self._plans, len(self._indexes)):
            if not used & ~chosen and (query not in best or cost < best[query][0]):
                best[query] = cost, place
        for _, place in best.values():
            values[place] = 1.0
        solution.col_value = values
        return solution
