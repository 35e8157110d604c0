"""What the advisor chooses on: queries with their weights, candidates with their sizes and prices, and the twins."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from itertools import islice
from operator import or_

from pgwright.advisor.candidates import merged, propose
from pgwright.advisor.candidates.existing import does_work_of
from pgwright.advisor.goal import Goal
from pgwright.advisor.pricer import Atom, Pricer, Query, members
from pgwright.advisor.selection import Terms
from pgwright.advisor.writes import WriteLoad, WritePrice, read_writes, write_price
from pgwright.model.index import Index, IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import PAGE_BYTES
from pgwright.twin.candidates import Candidate
from pgwright.twin.priced import Workload
from pgwright.twin.twin import Twin

# Without a budget an index as large as all tables must save this share of the workload's planned cost.
_GAIN_FOR_ALL_BYTES = 0.001
# Of two choices alike the one with fewer indexes is taken.
_TIE = 1e-7
_NO_COST = 0.01
# Making one takes about a millisecond, and a plan with many takes longer: so many, and half a one for each statement.
_MOST_CANDIDATES, _MORE_A_STATEMENT = 1_500, 0.5


@dataclass(frozen=True)
class Loss:
    """What a choice would lose without one of its indexes."""

    cost: float
    """Weighted planned cost that the queries would take more, writes not counted."""
    ratio: float
    """Cost with it over cost without, of the query that it helps most; in (0, 1]."""


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

        Only the queries whose plans use it are asked anew; all in one go.
        """
        plans = self.plans(chosen)
        users = [(query, one) for query, plan in enumerate(plans) for one in members(plan.used & ~self.existing)]
        self.pricer.ask((query, chosen & ~(1 << one)) for query, one in users)
        costs = dict.fromkeys(members(chosen & ~self.existing), 0.0)
        ratios = dict.fromkeys(costs, 1.0)
        for query, one in users:
            without = self._plan(query, chosen & ~(1 << one)).cost
            costs[one] += self.pricer.queries[query].weight * (without - plans[query].cost)
            ratios[one] = min(ratios[one], plans[query].cost / without if without else 1.0)
        return {one: Loss(costs[one], ratios[one]) for one in costs}

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


def lay_out(snapshot: Snapshot, goal: Goal, twins: Sequence[Twin], workload: Workload) -> Field:
    """Make the candidates on every twin and ask what the workload costs today."""
    reasons = _proposed(snapshot, goal, workload)
    droppable = [index for index in snapshot.indexes if _may_go(index, reasons, snapshot)]
    with ThreadPoolExecutor(len(twins)) as pool:
        made = list(pool.map(lambda twin: (twin.take_in(droppable), twin.add(reasons)), twins))
    taken_in, added = made[0]
    candidates = [*taken_in, *added]
    existing = (1 << len(taken_in)) - 1
    pricer = Pricer(twins, _queries(workload), candidates)
    pricer.ask((query, existing) for query in range(len(pricer.queries)))
    cost_of_calls = _total(pricer, existing)
    _weigh(pricer, workload, goal, existing)
    base = _total(pricer, existing)
    loads = read_writes(workload, snapshot)
    write_prices = [
        write_price(one.definition, one.size, loads.get(one.definition.table, WriteLoad()), snapshot)
        for one in candidates
    ]
    byte_price = _GAIN_FOR_ALL_BYTES * base / max(sum(table.pages for table in snapshot.tables) * PAGE_BYTES, 1)
    scale = base / cost_of_calls if cost_of_calls else 1.0
    write_costs = [one.cost * scale for one in write_prices]

    def price(one: Candidate) -> float:
        of_writes = write_costs[one.number]
        if existing >> one.number & 1:
            return of_writes + byte_price * one.size.size_bytes
        of_bytes = byte_price * one.size.size_bytes if goal.budget_bytes is None else 0.0
        return of_writes + of_bytes + (base or 1.0) * (_TIE if goal.least_gain is None else goal.least_gain)

    size_of = goal.size_of or (lambda definition: 0)
    terms = Terms(
        sizes=[0 if one in taken_in else size_of(one.definition) or one.size.size_bytes for one in candidates],
        prices=[price(one) for one in candidates],
        budget=float("inf") if goal.budget_bytes is None else float(goal.budget_bytes),
        stand_ins={
            old.number: _stand_ins(old, candidates) for old in taken_in if not _is_covered(old, taken_in, snapshot)
        },
    )
    return Field(
        snapshot,
        goal,
        workload,
        twins[0],
        pricer,
        terms,
        candidates,
        reasons,
        write_prices,
        write_costs,
        existing,
        base,
    )


def _proposed(snapshot: Snapshot, goal: Goal, workload: Workload) -> dict[IndexDefinition, str]:
    """Return the candidates with their reasons; of too many, each statement's first ones, the busiest ones' first."""
    busiest = sorted(workload.statements, key=lambda one: -one.statement.total_ms)
    waiting = deque(iter(propose(one.shape, snapshot, one.inferred, goal)) for one in busiest)
    reasons: dict[IndexDefinition, str] = {}
    most = _MOST_CANDIDATES + round(_MORE_A_STATEMENT * len(busiest))
    while waiting and len(reasons) < most:
        proposals = waiting.popleft()
        if (proposal := next(proposals, None)) is not None:
            reasons.setdefault(proposal.definition, proposal.reason)
            waiting.append(proposals)
    room = 0 if goal.is_plain else most - len(reasons)
    for proposal in islice(merged(reasons, snapshot), room):
        reasons.setdefault(proposal.definition, proposal.reason)
    return reasons


def _queries(workload: Workload) -> list[Query]:
    return [
        Query(position, one.statement.text, case.values, case.weight, case.weight * one.statement.calls, one.tables)
        for position, one in enumerate(workload.statements)
        for case in one.cases
    ]


def _weigh(pricer: Pricer, workload: Workload, goal: Goal, existing: int) -> None:
    """Let each query count what the goal says; until then it counts its calls."""
    if goal.weights == "calls":
        return
    cost: dict[int, float] = {}
    for number, query in enumerate(pricer.queries):
        cost[query.position] = cost.get(query.position, 0.0) + query.share * pricer.estimate(number, existing)
    for number, query in enumerate(pricer.queries):
        statement = workload.statements[query.position].statement
        counts = 1.0 if goal.weights == "equal" else statement.total_ms / max(cost[query.position], _NO_COST)
        pricer.queries[number] = replace(query, weight=query.share * counts)


def _total(pricer: Pricer, chosen: int) -> float:
    return sum(query.weight * pricer.estimate(number, chosen) for number, query in enumerate(pricer.queries))


def _may_go(index: Index, proposed: Iterable[IndexDefinition], snapshot: Snapshot) -> bool:
    """Tell whether an index of production serves searches only, and another index could serve them all."""
    if index.enforces or not index.is_valid or index.parent is not None or index.definition.method != "btree":
        return False
    others = (other.definition for other in snapshot.indexes_by_table[index.table] if other is not index)
    return any(does_work_of(other, index.definition) for other in (*others, *proposed))


def _stand_ins(old: Candidate, candidates: Sequence[Candidate]) -> int:
    found = 0
    for one in candidates:
        if one is not old and does_work_of(one.definition, old.definition):
            found |= 1 << one.number
    return found


def _is_covered(old: Candidate, droppable: Iterable[Candidate], snapshot: Snapshot) -> bool:
    """Tell whether an index that stays in any case does its work: a unique one, or one that nothing could replace."""
    may_go = {one.definition for one in droppable}
    return any(
        index.definition not in may_go and index.is_valid and does_work_of(index.definition, old.definition)
        for index in snapshot.indexes_by_table.get(old.definition.table, ())
    )
