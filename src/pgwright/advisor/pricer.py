"""Planned costs under sets of candidates: every answer of the twin is kept, and most questions follow from those.

A set of candidates is an int, candidate n its bit n. A plan found under S that uses only U is the plan for every set
between U and S, and an upper bound for every other set that holds U; a set that holds S costs no more than S.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event

import psycopg

from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName
from pgwright.twin.candidates import Candidate
from pgwright.twin.twin import Twin

# Costs that differ by less are one: the planner itself calls paths equal that differ by 1 % (STD_FUZZ_FACTOR).
_EQUAL = 1e-9


@dataclass(frozen=True)
class Query:
    """What is planned: a statement with one set of values, and what its planned cost counts."""

    position: int
    """Of its statement in the workload."""
    text: str
    values: tuple[str | None, ...] | None
    share: float
    """Of the statement's calls, in [0, 1]."""
    weight: float
    """Calls that it stands for, or what the goal counts instead."""
    tables: frozenset[QualifiedName]
    role: str | None = None
    """Under which it is planned; None: any."""
    own: frozenset[IndexDefinition] = frozenset()
    """The candidates that were proposed for its statement."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A plan, as far as choosing indexes is concerned."""

    used: int
    cost: float


@dataclass
class _Known:
    answers: dict[int, Atom] = field(default_factory=dict)
    atoms: list[Atom] = field(default_factory=list)
    """Those that no other one beats with a subset of its indexes, the cheapest first."""


class Pricer:
    """Asks the twins, in parallel, and remembers."""

    def __init__(self, twins: Sequence[Twin], queries: Sequence[Query], candidates: Sequence[Candidate]) -> None:
        self.queries: list[Query] = list(queries)
        self.relevant = [sum(1 << one.number for one in candidates if one.tables & query.tables) for query in queries]
        """For each query the candidates on its tables."""
        self._among = [frozenset(members(relevant)) for relevant in self.relevant]
        self._candidates = candidates
        self._twins = twins
        self._known = [_Known() for _ in queries]
        self.news = 0
        """Counts the answers that no bound foretold."""

    def atoms(self, query: int) -> Sequence[Atom]:
        """Return the plans found for a query, the cheapest first; empty before the first question."""
        return self._known[query].atoms

    def estimate(self, query: int, chosen: int) -> float:
        """Return the cheapest plan found that these candidates allow: an upper bound, without asking."""
        return next((atom.cost for atom in self._known[query].atoms if not atom.used & ~chosen), float("inf"))

    def least(self, query: int, chosen: int) -> float:
        """Return a lower bound, without asking: what a larger set costs."""
        wanted = chosen & self.relevant[query]
        larger = (atom.cost for asked, atom in self._known[query].answers.items() if not wanted & ~asked)
        return max((cost for cost in larger if cost < float("inf")), default=0.0)

    def find(self, query: int, chosen: int) -> Atom | None:
        """Return the plan under a set of candidates where it is known or follows from what is."""
        known, wanted = self._known[query], chosen & self.relevant[query]
        if (answer := known.answers.get(wanted)) is not None:
            return answer
        for asked, atom in known.answers.items():
            if not atom.used & ~wanted and not wanted & ~asked:
                return atom
        return None

    def portions(self, query: int, chosen: int, keep: int) -> list[int]:
        """Return a set of candidates in sets that are planned in time, each with `keep`: most often in one.

        Of one table no more are together than the twin can have on. Those proposed for the query's statement come
        first, alone; with what is left of one table stand the first ones of the others.
        """
        wanted, most = chosen & self.relevant[query], self._twins[0].most_on
        if most is None:
            return [wanted]
        by_table: dict[QualifiedName, list[int]] = {}
        for number in members(wanted & ~keep):
            by_table.setdefault(self._candidates[number].definition.table, []).append(number)
        own = self.queries[query].own
        parts: list[list[int]] = []
        for numbers in by_table.values():
            mine = [number for number in numbers if self._candidates[number].definition in own]
            others = [number for number in numbers if self._candidates[number].definition not in own]
            batches = [part[start : start + most] for part in (mine, others) for start in range(0, len(part), most)]
            parts.append([sum(1 << one for one in batch) for batch in batches])
        count = max(map(len, parts), default=1)
        return [wanted & keep | sum(part[n] if n < len(part) else part[0] for part in parts) for n in range(count)]

    def ask(self, questions: Iterable[tuple[int, int]], *, deadline: float = float("inf")) -> bool:
        """Find the plans of (query, set) pairs; False when the deadline came before all of them.

        Raises: KeyboardInterrupt: after the questions under way have their answers.
        """
        by_query: dict[int, set[int]] = {}
        for query, chosen in questions:
            if self.find(query, chosen) is None:
                by_query.setdefault(query, set()).add(chosen & self.relevant[query])
        waiting: SimpleQueue[tuple[int, list[int]]] = SimpleQueue()
        # A query stays with one twin, which then has little to switch; the longest lists go first.
        for query, sets in sorted(by_query.items(), key=lambda item: -len(item[1])):
            waiting.put((query, sorted(sets)))
        if not by_query:
            return True
        stop = Event()
        twins = self._twins[: len(by_query)]
        # Even one twin is asked from a thread: Ctrl-C between a question and its answer would leave it half switched.
        with ThreadPoolExecutor(len(twins)) as pool:
            try:
                workers = [pool.submit(self._work, twin, waiting, stop, deadline) for twin in twins]
                answers = [worker.result() for worker in workers]  # of all, so that an error of any is raised
                return all(answers)
            finally:
                stop.set()

    def _work(self, twin: Twin, waiting: SimpleQueue[tuple[int, list[int]]], stop: Event, deadline: float) -> bool:
        """Answer until nothing waits; tell whether that came to pass."""
        with suppress(Empty):
            while True:
                query, sets = waiting.get_nowait()
                for chosen in sets:
                    if stop.is_set() or time.monotonic() > deadline:
                        return False
                    if self.find(query, chosen) is None:
                        self._answer(twin, query, chosen)
        return True

    def _answer(self, twin: Twin, query: int, chosen: int) -> None:
        one = self.queries[query]
        try:
            on = frozenset(members(chosen))
            cost, used = twin.price(one.text, one.values, on, among=self._among[query], role=one.role)
            atom = Atom(sum(1 << number for number in used), cost)
        except psycopg.Error:  # it could be planned without: this set helps nobody
            atom = Atom(chosen, float("inf"))
        known = self._known[query]
        known.answers[chosen] = atom
        if atom.cost < self.estimate(query, chosen) - _EQUAL:
            self.news += 1
            kept = [other for other in known.atoms if other.cost < atom.cost or atom.used & ~other.used]
            known.atoms = sorted((*kept, atom), key=lambda other: other.cost)


def members(chosen: int) -> Iterator[int]:
    """Yield the numbers of the candidates in a set.

    >>> list(members(0b1011))
    [0, 1, 3]
    """
    while chosen:
        lowest = chosen & -chosen
        yield lowest.bit_length() - 1
        chosen ^= lowest
