"""What the advisor chooses on: queries with their weights, candidates with their sizes and prices, and the twins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

from pgwright.model.index import IndexDefinition
from pgwright.model.snapshot import PAGE_BYTES, Index, Snapshot
from pgwright.planner.candidates import propose
from pgwright.planner.candidates.existing import does_work_of
from pgwright.planner.goal import Goal
from pgwright.planner.pricer import Pricer, Query, members
from pgwright.planner.selection import Terms
from pgwright.planner.twin import Candidate, Twin
from pgwright.planner.workload import Workload
from pgwright.planner.writes import WriteLoad, WritePrice, read_writes, write_price

# Without a budget an index as large as all tables must save this share of the workload's planned cost.
_GAIN_FOR_ALL_BYTES = 0.1
# Of two choices alike the one with fewer indexes is taken.
_TIE = 1e-7
_NO_COST = 0.01


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

    @cached_property
    def queries_of(self) -> Mapping[int, Sequence[int]]:
        """For each statement the queries that stand for it."""
        found: dict[int, list[int]] = {}
        for number, query in enumerate(self.pricer.queries):
            found.setdefault(query.position, []).append(number)
        return found

    def cost(self, chosen: int) -> float:
        """Return the weighted planned cost of all queries, writes not counted."""
        return sum(query.weight * self.query_cost(number, chosen) for number, query in enumerate(self.pricer.queries))

    def query_cost(self, query: int, chosen: int) -> float:
        """Return the planned cost of a query under a set of candidates."""
        return self._planned(query, chosen)[0]

    def losses(self, chosen: int) -> dict[int, float]:
        """Return for each index that a choice adds how much more the queries would cost without it, writes not counted.

        Only the queries whose plans use it are asked anew; all in one go.
        """
        every = range(len(self.pricer.queries))
        plans = {query: self._planned(query, chosen) for query in every}
        users = [(query, one) for query in every for one in members(plans[query][1] & ~self.existing)]
        self.pricer.ask((query, chosen & ~(1 << one)) for query, one in users)
        lost = dict.fromkeys(members(chosen & ~self.existing), 0.0)
        for query, one in users:
            without = self.query_cost(query, chosen & ~(1 << one))
            lost[one] += self.pricer.queries[query].weight * (without - plans[query][0])
        return lost

    def estimate_gain(self, chosen: int, number: int) -> float:
        """Return what one more index saves at least, by the plans known; nothing is asked."""
        return sum(
            query.weight * (self.pricer.estimate(place, chosen) - self.pricer.estimate(place, chosen | 1 << number))
            for place, query in enumerate(self.pricer.queries)
            if self.pricer.relevant[place] >> number & 1
        )

    def used(self, position: int, chosen: int) -> int:
        """Return the candidates that the plans of a statement use."""
        found = 0
        for query in self.queries_of[position]:
            found |= self._planned(query, chosen)[1]
        return found

    def call_cost(self, position: int, chosen: int) -> float:
        """Return the planned cost of one call of a statement, over its sets of values."""
        queries = self.queries_of[position]
        return sum(self.pricer.queries[query].share * self.query_cost(query, chosen) for query in queries)

    def _planned(self, query: int, chosen: int) -> tuple[float, int]:
        self.pricer.ask([(query, chosen)])
        atom = self.pricer.find(query, chosen)
        assert atom is not None
        return atom.cost, atom.used


def lay_out(snapshot: Snapshot, goal: Goal, twins: Sequence[Twin], workload: Workload) -> Field:
    """Make the candidates on every twin and ask what the workload costs today."""
    reasons: dict[IndexDefinition, str] = {}
    for one in workload.statements:
        for proposal in propose(one.shape, snapshot, one.inferred, goal):
            reasons.setdefault(proposal.definition, proposal.reason)
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
        return of_writes + of_bytes + base * (_TIE if goal.least_gain is None else goal.least_gain)

    size_of = goal.size_of or (lambda definition: 0)
    terms = Terms(
        sizes=[0 if one in taken_in else size_of(one.definition) or one.size.size_bytes for one in candidates],
        prices=[price(one) for one in candidates],
        budget=float("inf") if goal.budget_bytes is None else float(goal.budget_bytes),
        stand_ins={old.number: _stand_ins(old, candidates) for old in taken_in if not _is_covered(old, snapshot)},
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


def _is_covered(old: Candidate, snapshot: Snapshot) -> bool:
    """Tell whether an index that must stay does its work: a unique one, say."""
    return any(
        index.enforces and index.is_valid and does_work_of(index.definition, old.definition)
        for index in snapshot.indexes_by_table.get(old.definition.table, ())
    )
