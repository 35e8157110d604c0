"""Lay out the field: propose candidates, make them on the twins, ask what the workload costs today, set the prices."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice

from pgwright.advisor.candidates import merged, propose
from pgwright.advisor.field import Field
from pgwright.advisor.goal import Goal
from pgwright.advisor.pricer import Pricer, Query
from pgwright.advisor.selection import Terms
from pgwright.advisor.writes import WriteLoad, WritePrice, read_writes, write_price
from pgwright.indexes.coverage import searches_as
from pgwright.model.index import Index, IndexDefinition
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
# Making one takes a millisecond or two, a plan with many takes longer: so many, and half a one for each statement.
_MOST_CANDIDATES, _MORE_A_STATEMENT = 1_500, 0.5


def lay_out(snapshot: Snapshot, goal: Goal, twins: Sequence[Twin], workload: Workload) -> Field:
    """Make the candidates on every twin and ask what the workload costs today."""
    most = _MOST_CANDIDATES + round(_MORE_A_STATEMENT * len(workload.statements))
    reasons, proposed_for = _proposed(snapshot, goal, workload, most)
    taken_in, added = _made(twins, snapshot, reasons)
    candidates = [*taken_in, *added]
    existing = (1 << len(taken_in)) - 1
    pricer = Pricer(twins, _queries(workload, proposed_for), candidates)
    pricer.ask((query, existing) for query in range(len(pricer.queries)))
    cost_of_calls = _total(pricer, existing)
    _weigh(pricer, workload, goal, existing)
    base = _total(pricer, existing)
    write_prices = _write_prices(candidates, workload, snapshot)
    scale = base / cost_of_calls if cost_of_calls else 1.0
    write_costs = [one.cost * scale for one in write_prices]
    return Field(
        snapshot=snapshot,
        goal=goal,
        workload=workload,
        twin=twins[0],
        pricer=pricer,
        terms=_terms(snapshot, goal, taken_in, added, write_costs, base),
        candidates=candidates,
        reasons=reasons,
        write_prices=write_prices,
        write_costs=write_costs,
        existing=existing,
        base=base,
    )


def _proposed(
    snapshot: Snapshot, goal: Goal, workload: Workload, most: int
) -> tuple[dict[IndexDefinition, str], list[set[IndexDefinition]]]:
    """Return the candidates with their reasons, and for each statement those that were proposed for it.

    Of too many it is each statement's first ones, the busiest ones' first.
    """
    busiest = sorted(enumerate(workload.statements), key=lambda one: -one[1].statement.total_ms)
    waiting = deque((place, iter(propose(one.shape, snapshot, one.inferred, goal))) for place, one in busiest)
    reasons: dict[IndexDefinition, str] = {}
    proposed_for: list[set[IndexDefinition]] = [set() for _ in busiest]
    while waiting and len(reasons) < most:
        place, proposals = waiting.popleft()
        if (proposal := next(proposals, None)) is not None:
            reasons.setdefault(proposal.definition, proposal.reason)
            proposed_for[place].add(proposal.definition)
            waiting.append((place, proposals))
    room = 0 if goal.is_plain else most - len(reasons)
    for proposal in islice(merged(reasons, snapshot), room):
        reasons.setdefault(proposal.definition, proposal.reason)
    return reasons, proposed_for


def _made(
    twins: Sequence[Twin], snapshot: Snapshot, proposed: Iterable[IndexDefinition]
) -> tuple[Sequence[Candidate], Sequence[Candidate]]:
    """Return the indexes of production that may go, and the new ones; the same on every twin."""
    droppable = [index for index in snapshot.indexes if _may_go(index, proposed, snapshot)]
    with ThreadPoolExecutor(len(twins)) as pool:
        made = list(pool.map(lambda twin: (twin.take_in(droppable), twin.add(proposed)), twins))
    return made[0]


def _queries(workload: Workload, proposed_for: Sequence[Iterable[IndexDefinition]]) -> list[Query]:
    return [
        Query(
            position,
            one.statement.text,
            case.values,
            case.weight,
            case.weight * one.statement.calls,
            one.tables,
            one.role,
            frozenset(proposed_for[position]),
        )
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


def _write_prices(candidates: Sequence[Candidate], workload: Workload, snapshot: Snapshot) -> list[WritePrice]:
    loads = read_writes(workload, snapshot)
    return [
        write_price(one.definition, one.size, loads.get(one.definition.table, WriteLoad()), snapshot)
        for one in candidates
    ]


def _terms(
    snapshot: Snapshot,
    goal: Goal,
    taken_in: Sequence[Candidate],
    added: Sequence[Candidate],
    write_costs: Sequence[float],
    base: float,
) -> Terms:
    """Return what each index costs beside the plans: its writes, its bytes, and for a new one what it must gain."""
    candidates = [*taken_in, *added]
    bytes_of_tables = max(sum(table.pages for table in snapshot.tables) * PAGE_BYTES, 1)
    byte_price = _GAIN_FOR_ALL_BYTES * base / bytes_of_tables
    new_byte_price = byte_price if goal.budget_bytes is None else 0.0
    must_gain = (base or 1.0) * (_TIE if goal.least_gain is None else goal.least_gain)
    kept = [write_costs[one.number] + byte_price * one.size.size_bytes for one in taken_in]
    new = [write_costs[one.number] + new_byte_price * one.size.size_bytes + must_gain for one in added]
    size_of = goal.size_of or (lambda definition: 0)
    return Terms(
        sizes=[*(0 for _ in taken_in), *(size_of(one.definition) or one.size.size_bytes for one in added)],
        prices=[*kept, *new],
        budget=float("inf") if goal.budget_bytes is None else float(goal.budget_bytes),
        stand_ins={
            old.number: _stand_ins(old, candidates, snapshot)
            for old in taken_in
            if not _is_covered(old, taken_in, snapshot)
        },
    )


def _may_go(index: Index, proposed: Iterable[IndexDefinition], snapshot: Snapshot) -> bool:
    """Tell whether an index of production serves searches only, and another index could serve them all."""
    if index.enforces or not index.is_valid or index.parent is not None or index.definition.method != "btree":
        return False
    others = (other.definition for other in snapshot.indexes_by_table[index.table] if other is not index)
    table = snapshot.table_by_name[index.table]
    return any(searches_as(other, index.definition, table) for other in (*others, *proposed))


def _stand_ins(old: Candidate, candidates: Sequence[Candidate], snapshot: Snapshot) -> int:
    found, table = 0, snapshot.table_by_name[old.definition.table]
    for one in candidates:
        if one is not old and searches_as(one.definition, old.definition, table):
            found |= 1 << one.number
    return found


def _is_covered(old: Candidate, droppable: Iterable[Candidate], snapshot: Snapshot) -> bool:
    """Tell whether an index that stays in any case does its work: a unique one, or one that nothing could replace."""
    may_go = {one.definition for one in droppable}
    table = snapshot.table_by_name[old.definition.table]
    return any(
        index.definition not in may_go and index.is_valid and searches_as(index.definition, old.definition, table)
        for index in snapshot.indexes_by_table.get(old.definition.table, ())
    )
