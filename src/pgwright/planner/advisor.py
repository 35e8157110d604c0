"""The index advisor: candidates from the workload, priced on the twin, chosen by gain per byte less write cost."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from pgwright.model.advice import Advice, IndexAdvice, ServedStatement
from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName, quote
from pgwright.model.snapshot import Snapshot
from pgwright.planner.candidates import Proposal, propose
from pgwright.planner.pricer import Pricer
from pgwright.planner.twin import LIMITS, Candidate, Twin, open_twin
from pgwright.planner.workload import read_workload
from pgwright.planner.writes import WriteLoad, read_writes, write_cost

# An index has to make at least one statement this much cheaper, else it is noise of the cost model.
_WORTHWHILE = 0.8
# An index that the others make dispensable up to this share of its own gain is dropped again.
_DISPENSABLE = 0.02
_SMALLEST_SHARE_SHOWN = 0.000005
DEADLINE_SECONDS = 60.0

Progress = Callable[[int, int], None]


def advise(
    snapshot: Snapshot,
    *,
    twin: Twin | None = None,
    budget_bytes: int | None = None,
    deadline_seconds: float = DEADLINE_SECONDS,
    progress: Progress = lambda done, total: None,
) -> Advice:
    """Choose indexes for the workload of a snapshot.

    Args:
        snapshot: with its schema and statements.
        twin: a built twin of it; None: one is built for the time of the call.
        budget_bytes: the most that all advised indexes together may take (estimated); None: no limit.
        deadline_seconds: after so long the best choice so far is returned.
        progress: called with candidates evaluated so far and candidates in all.
    Raises: TwinError, EmbeddedServerError.
    """
    opened: AbstractContextManager[Twin] = nullcontext(twin) if twin is not None else open_twin(snapshot)
    with opened as ready:
        return _Search(snapshot, ready, budget_bytes, time.monotonic() + deadline_seconds, progress).run()


@dataclass(frozen=True)
class _Option:
    candidate: Candidate
    proposal: Proposal
    write_cost: float
    writes: int


class _Search:
    def __init__(
        self, snapshot: Snapshot, twin: Twin, budget_bytes: int | None, deadline: float, progress: Progress
    ) -> None:
        self._snapshot = snapshot
        self._twin = twin
        self._budget = budget_bytes
        self._deadline = deadline
        self._progress = progress
        self._workload = read_workload(snapshot, twin)
        self._pricer = Pricer(twin, self._workload)

    def run(self) -> Advice:
        started = time.monotonic()
        options = self._options()
        chosen = self._prune(self._widen(self._prune(self._grow(options)), options))
        before = [self._pricer.cost(i, ()) for i in range(len(self._workload.statements))]
        kept = [option.candidate for option in chosen]
        after = [self._pricer.cost(i, kept) for i in range(len(self._workload.statements))]
        calls = [one.statement.calls for one in self._workload.statements]
        total = sum(c * n for c, n in zip(before, calls, strict=True))
        advised = [self._describe(option, chosen, options, before, after, total) for option in chosen]
        self._twin.enable(())
        return Advice(
            indexes=tuple(sorted(advised, key=lambda advice: -advice.gain)),
            statements=len(self._workload.statements),
            cost_before=total,
            cost_after=sum(c * n for c, n in zip(after, calls, strict=True)),
            budget_bytes=self._budget,
            candidates=len(options),
            plans=self._twin.plans_made,
            seconds=time.monotonic() - started,
            unplanned=self._workload.unplanned,
            limits=LIMITS + tuple(f"{left.what}: {left.reason}" for left in self._twin.left_out),
        )

    def _options(self) -> list[_Option]:
        proposals: dict[IndexDefinition, Proposal] = {}
        for one in self._workload.statements:
            for proposal in propose(one.shape, self._snapshot, one.inferred):
                proposals.setdefault(proposal.definition, proposal)
        writes = read_writes(self._workload, self._snapshot)
        options = []
        for candidate in self._twin.add(proposals):
            load = writes.get(candidate.definition.table, WriteLoad())
            cost, count = write_cost(candidate, load, self._snapshot)
            options.append(_Option(candidate, proposals[candidate.definition], cost, count))
        return options

    def _grow(self, options: list[_Option]) -> list[_Option]:
        """Take the option with the best gain per byte until none gains; gains are re-priced only when they come up."""
        chosen: list[_Option] = []
        spent = 0
        queue = [(float("-inf"), position, -1) for position in range(len(options))]
        done = 0
        while queue and time.monotonic() < self._deadline:
            _, position, priced_with = heapq.heappop(queue)
            option = options[position]
            if self._budget is not None and spent + option.candidate.size.size_bytes > self._budget:
                continue
            if priced_with != len(chosen):
                done += priced_with < 0
                self._progress(done, len(options))
                gain = self._gain(option, chosen)
                if gain > 0:
                    heapq.heappush(queue, (-gain / option.candidate.size.size_bytes, position, len(chosen)))
                continue
            chosen.append(option)
            spent += option.candidate.size.size_bytes
        return chosen

    def _gain(self, option: _Option, chosen: list[_Option]) -> float:
        """Return what one more index saves over the workload, less its write cost; 0 when it is not worthwhile."""
        base = [other.candidate for other in chosen]
        saved, is_worthwhile = 0.0, False
        for position, one in self._pricer.affected(option.candidate):
            before = self._pricer.cost(position, base)
            after = self._pricer.cost(position, [*base, option.candidate])
            saved += one.statement.calls * (before - after)
            is_worthwhile |= after <= _WORTHWHILE * before
        return saved - option.write_cost if is_worthwhile else 0.0

    def _widen(self, chosen: list[_Option], options: list[_Option]) -> list[_Option]:
        """Exchange a choice for another index of its table where that gains more and still fits the budget.

        Gain per byte prefers the narrow index; the wider one that also saves the sort is often worth its bytes.
        """
        kept = list(chosen)
        for option in chosen:
            others = [other for other in kept if other is not option]
            room = None if self._budget is None else self._budget - sum(o.candidate.size.size_bytes for o in others)
            rivals = [
                rival
                for rival in options
                if rival.candidate.definition.table == option.candidate.definition.table
                and rival not in kept
                and (room is None or rival.candidate.size.size_bytes <= room)
            ]
            best = option
            for rival in rivals:
                if time.monotonic() > self._deadline:
                    return kept
                if self._is_better(rival, best, others):
                    best = rival
            kept = [*others, best]
        return kept

    def _is_better(self, rival: _Option, option: _Option, others: list[_Option]) -> bool:
        """Tell whether a rival saves more, write costs subtracted, and makes at least one statement notably cheaper."""
        base = [other.candidate for other in others]
        difference, is_worthwhile = option.write_cost - rival.write_cost, False
        for position, one in self._pricer.affected(option.candidate):
            now = self._pricer.cost(position, [*base, option.candidate])
            then = self._pricer.cost(position, [*base, rival.candidate])
            difference += one.statement.calls * (now - then)
            is_worthwhile |= then <= _WORTHWHILE * now
        return difference > 0 and is_worthwhile

    def _prune(self, chosen: list[_Option]) -> list[_Option]:
        """Drop what the later choices made dispensable, the least gain per byte first."""
        kept = list(chosen)
        for option in reversed(chosen):
            others = [other for other in kept if other is not option]
            loss = self._saved(option, others) - option.write_cost
            alone = self._saved(option, [])
            if loss <= max(0.0, _DISPENSABLE * alone):
                kept = others
        return kept

    def _saved(self, option: _Option, others: Iterable[_Option]) -> float:
        base = [other.candidate for other in others]
        return sum(
            one.statement.calls
            * (self._pricer.cost(position, base) - self._pricer.cost(position, [*base, option.candidate]))
            for position, one in self._pricer.affected(option.candidate)
        )

    def _describe(
        self,
        option: _Option,
        chosen: list[_Option],
        options: list[_Option],
        before: list[float],
        after: list[float],
        total: float,
    ) -> IndexAdvice:
        every = [other.candidate for other in chosen]
        serves = []
        for position, one in self._pricer.affected(option.candidate):
            if option.candidate.oid in self._pricer.used(position, every) and after[position] < before[position]:
                statement = one.statement
                share = statement.calls * before[position] / total
                serves.append(
                    ServedStatement(
                        statement.query_id, statement.text, statement.calls, before[position], after[position], share
                    )
                )
        gain = self._saved(option, [other for other in chosen if other is not option]) - option.write_cost
        return IndexAdvice(
            definition=option.candidate.definition,
            serves=tuple(sorted(serves, key=lambda served: -served.share)),
            gain=gain,
            gain_share=gain / total,
            size_bytes=option.candidate.size.size_bytes,
            writes=option.writes,
            write_cost=option.write_cost,
            reason=_sentence(option.proposal.reason) + self._runner_up(option, chosen, options, total),
            replaces=_replaced(option.candidate.definition, self._snapshot),
            is_partitioned=self._snapshot.table_by_name[option.candidate.definition.table].kind == "partitioned table",
        )

    def _runner_up(self, option: _Option, chosen: list[_Option], options: list[_Option], total: float) -> str:
        """Say why not the next best index of the same first column: what it would gain, and at which size."""
        others = [other for other in chosen if other is not option]
        rivals = [
            rival
            for rival in options
            if rival not in chosen
            and rival.candidate.definition.table == option.candidate.definition.table
            and rival.candidate.definition.columns[:1] == option.candidate.definition.columns[:1]
        ]
        if not rivals:
            return ""
        best = max(rivals, key=lambda rival: self._saved(rival, others) - rival.write_cost)
        difference = (self._saved(best, others) - best.write_cost) - (self._saved(option, others) - option.write_cost)
        larger = best.candidate.size.size_bytes / option.candidate.size.size_bytes
        return (
            f" Next best: {_keys(best.candidate.definition)}, {larger:.1f} times the size, "
            f"{_difference(difference / total)}."
        )


def _keys(definition: IndexDefinition) -> str:
    text = f"({', '.join(key.sql() for key in definition.keys)})"
    text += f" INCLUDE ({', '.join(map(quote, definition.include))})" if definition.include else ""
    return text + (f" WHERE {definition.predicate}" if definition.predicate else "")


def _difference(share: float) -> str:
    if abs(share) < _SMALLEST_SHARE_SHOWN:
        return "with the same gain"
    return f"gain {abs(share):.3%} of the workload {'larger' if share > 0 else 'smaller'}"


def _replaced(definition: IndexDefinition, snapshot: Snapshot) -> tuple[QualifiedName, ...]:
    """Return the existing plain indexes whose keys it leads with."""
    return tuple(
        index.name
        for index in snapshot.indexes_by_table.get(definition.table, ())
        if not index.enforces
        and index.is_valid
        and index.definition.method == "btree"
        and index.definition.predicate == definition.predicate
        and not index.definition.include
        and len(index.definition.keys) < len(definition.keys)
        and index.definition.keys == definition.keys[: len(index.definition.keys)]
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
