"""What the advisor chooses on: queries with their weights, candidates with their sizes and prices, and the twins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_

from pgwright.advisor.goal import Goal
from pgwright.advisor.pricer import Atom, Pricer, members
from pgwright.advisor.selection import Terms
from pgwright.advisor.writes import WritePrice
from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.twin.candidates import Candidate
from pgwright.twin.priced import Workload
from pgwright.twin.twin import Twin
from pgwright.workload.reading import share_of_time


@dataclass(frozen=True)
class Loss:
    """What a choice would lose without one of its indexes."""

    cost: float
    """Weighted planned cost that the queries would take more, writes not counted."""
    ratio: float
    """Cost with it over cost without, of the query that it helps most; in (0, 1]."""
    by_position: Mapping[int, float]
    """Planned cost that one call of each statement would take more, by the statement's position."""


@dataclass(frozen=True)
class Field:
    """The advisor's question as figures. A set of candidates is an int, candidate n its bit n."""

    snapshot: Snapshot
    goal: Goal
    workload: Workload
    twin: Twin
    pricer: Pricer
    terms: Terms
    candidates: Sequence[Candidate]
    """Candidate n at place n; indexes of production that may be dropped come first."""
    reasons: Mapping[IndexDefinition, str]
    write_prices: Sequence[WritePrice]
    write_costs: Sequence[float]
    """The same in the unit of the weighted planned cost."""
    existing: int
    """The indexes of production among the candidates."""
    base: float
    """Weighted planned cost with the indexes of production."""
    _plans: dict[int, Sequence[Atom]] = field(default_factory=dict)

    @cached_property
    def queries_of(self) -> Mapping[int, Sequence[int]]:
        """For each statement the queries that stand for it."""
        found: dict[int, list[int]] = {}
        for number, query in enumerate(self.pricer.queries):
            found.setdefault(query.position, []).append(number)
        return found

    @cached_property
    def candidates_of(self) -> Mapping[QualifiedName, Sequence[Candidate]]:
        """For each table its candidates."""
        found: dict[QualifiedName, list[Candidate]] = {}
        for one in self.candidates:
            found.setdefault(one.definition.table, []).append(one)
        return found

    def positions(self, number: int) -> Iterable[int]:
        """Return the statements on the tables of a candidate, by their position in the workload."""
        relevant = self.pricer.relevant
        queries = enumerate(self.pricer.queries)
        return dict.fromkeys(query.position for place, query in queries if relevant[place] >> number & 1)

    def share_of_time(self, queries: Iterable[int]) -> float:
        """Return the time of the statements that some queries stand for, as a share of the workload's."""
        positions = {self.pricer.queries[query].position for query in queries}
        return share_of_time((self.workload.statements[one].statement for one in positions), self.snapshot)

    def cost(self, chosen: int, like: int | None = None) -> float:
        """Return the weighted planned cost of all queries, writes not counted; `like` as for `plans`."""
        plans = self.plans(chosen, like)
        return sum(query.weight * plans[number].cost for number, query in enumerate(self.pricer.queries))

    def plans(self, chosen: int, like: int | None = None) -> Sequence[Atom]:
        """Return the plan of every query under a set of candidates; those not known are asked for in one go.

        Of a set much like it, whose plans are known, those of queries that the difference does not concern are taken.
        """
        if chosen not in self._plans:
            known = {} if like is None else dict(enumerate(self.plans(like)))
            changed = chosen if like is None else chosen ^ like
            relevant = self.pricer.relevant
            concerned = [query for query in range(len(relevant)) if query not in known or relevant[query] & changed]
            self.pricer.ask((query, chosen) for query in concerned)
            known |= {query: self._plan(query, chosen) for query in concerned}
            self._plans[chosen] = [known[query] for query in range(len(relevant))]
        return self._plans[chosen]

    def losses(self, chosen: int) -> dict[int, Loss]:
        """Return for each index that a choice adds what would be lost without it.

        One of production that it replaces stays then. Only the queries whose plans use it are asked; all in one go.
        """
        plans = self.plans(chosen)
        others = {one: self.terms.with_stand_ins(chosen & ~(1 << one)) for one in members(chosen & ~self.existing)}
        users = [(query, one) for query, plan in enumerate(plans) for one in members(plan.used & ~self.existing)]
        self.pricer.ask((query, others[one]) for query, one in users)
        costs = dict.fromkeys(others, 0.0)
        ratios = dict.fromkeys(costs, 1.0)
        by_position: dict[int, dict[int, float]] = {one: {} for one in others}
        for query, one in users:
            asked, without = self.pricer.queries[query], self._plan(query, others[one]).cost
            more = without - plans[query].cost
            costs[one] += asked.weight * more
            ratios[one] = min(ratios[one], plans[query].cost / without if without else 1.0)
            by_position[one][asked.position] = by_position[one].get(asked.position, 0.0) + asked.share * more
        return {one: Loss(costs[one], ratios[one], by_position[one]) for one in costs}

    def is_notable(self, chosen: int, changed: int, ratio: float) -> bool:
        """Tell whether a change of the choice brings a query's planned cost to this ratio of what it was, or below."""
        pairs = zip(self.plans(chosen), self.plans(changed), strict=True)
        return any(after.cost <= ratio * before.cost for before, after in pairs)

    def estimate_gain(self, chosen: int, number: int) -> float:
        """Return what one more index saves at least, by the plans known; nothing is asked."""
        return sum(
            query.weight * (self.pricer.estimate(place, chosen) - self.pricer.estimate(place, chosen | 1 << number))
            for place, query in enumerate(self.pricer.queries)
            if self.pricer.relevant[place] >> number & 1
        )

    def used(self, position: int, chosen: int) -> int:
        """Return the candidates that the plans of a statement use."""
        plans = self.plans(chosen)
        return reduce(or_, (plans[query].used for query in self.queries_of[position]), 0)

    def call_cost(self, position: int, chosen: int) -> float:
        """Return the planned cost of one call of a statement, over its sets of values."""
        plans = self.plans(chosen)
        return sum(self.pricer.queries[query].share * plans[query].cost for query in self.queries_of[position])

    def _plan(self, query: int, chosen: int) -> Atom:
        atom = self.pricer.find(query, chosen)
        if atom is None:
            self.pricer.ask([(query, chosen)])
            atom = self.pricer.find(query, chosen)
        assert atom is not None
        return atom
