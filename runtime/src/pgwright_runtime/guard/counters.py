"""Counters of a guard over all its units, in a fixed amount of memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from threading import Lock
from types import MappingProxyType

from pgwright_runtime.guard.evidence import Problem
from pgwright_runtime.guard.units import Unit

# Upper bounds of the histogram, statements a unit; all four systems aim at fewer than 5, an N+1 over a page has 50.
BUCKETS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)
OTHER = "other"


@dataclass(frozen=True, slots=True)
class UnitCounts:
    """Units of one name, and how many statements they had."""

    units: int
    statements: int
    buckets: tuple[int, ...]
    """Units with at most `BUCKETS[i]` statements, cumulative as in Prometheus; `units` is the bucket `+Inf`."""


@dataclass(frozen=True, slots=True)
class ProblemKey:
    unit: str
    kind: str
    relationship: str
    """As `Notebook.sources`; where no relationship is at fault, the statement's fingerprint, or ""."""


@dataclass(frozen=True, slots=True)
class ProblemCounts:
    units: int
    """Units that had it."""
    statements: int
    """Executions in all those units."""
    example: Problem
    """The first that was seen."""


@dataclass(frozen=True, slots=True)
class GuardCounters:
    """What a guard has seen since it was made."""

    units: int
    """All units, those left out by sampling too."""
    sampled: int
    by_unit: Mapping[str, UnitCounts]
    """Sampled units by name; further names than fit are in "other"."""
    problems: Mapping[ProblemKey, ProblemCounts]
    """Problems of sampled units; further keys than fit are in "other", one a kind."""


class _Tally:
    """Units of one name while they are counted; the last bucket takes what is above all bounds."""

    __slots__ = ("buckets", "statements")

    def __init__(self) -> None:
        self.statements, self.buckets = 0, [0] * (len(BUCKETS) + 1)

    def add(self, statements: int) -> None:
        self.statements += statements
        self.buckets[bisect_left(BUCKETS, statements)] += 1

    def counts(self) -> UnitCounts:
        *bounded, units = accumulate(self.buckets)
        return UnitCounts(units, self.statements, tuple(bounded))


class Counters:
    """Adds up units; safe to use from many threads.

    Args:
        max_keys: names of units, and likewise kinds of problems, that are counted one by one; the rest is "other".
    """

    def __init__(self, max_keys: int) -> None:
        self._max_keys = max_keys
        self._lock = Lock()
        self._units = self._sampled = 0
        self._by_unit: dict[str, _Tally] = {}
        self._problems: dict[ProblemKey, ProblemCounts] = {}

    def skip(self) -> None:
        with self._lock:
            self._units += 1

    def add(self, unit: Unit) -> None:
        with self._lock:
            self._units += 1
            self._sampled += 1
            name = unit.name
            tally = self._by_unit.get(name)
            if tally is None:
                name = name if len(self._by_unit) < self._max_keys else OTHER
                tally = self._by_unit.setdefault(name, _Tally())
            tally.add(unit.count)
            for problem in unit.problems:
                self._add_problem(name, problem)

    def _add_problem(self, name: str, problem: Problem) -> None:
        key = ProblemKey(name, problem.kind, problem.relationship or problem.fingerprint)
        if key not in self._problems and len(self._problems) >= self._max_keys:
            key = ProblemKey(OTHER, problem.kind, OTHER)
        seen = self._problems.get(key, ProblemCounts(0, 0, problem))
        self._problems[key] = ProblemCounts(seen.units + 1, seen.statements + problem.count, seen.example)

    def read(self) -> GuardCounters:
        with self._lock:
            by_unit = {name: tally.counts() for name, tally in self._by_unit.items()}
            problems = dict(self._problems)
            return GuardCounters(self._units, self._sampled, MappingProxyType(by_unit), MappingProxyType(problems))
