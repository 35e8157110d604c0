"""The guard: opens units of work, and judges them at their end."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Literal

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from pgwright_runtime.guard.active import enter, leave
from pgwright_runtime.guard.counters import Counters, GuardCounters
from pgwright_runtime.guard.evidence import Problem, QueryProblems, QueryWarning
from pgwright_runtime.guard.listeners import listen
from pgwright_runtime.guard.rules import GuardRules, UnitRules
from pgwright_runtime.guard.threads import threads_followed
from pgwright_runtime.guard.units import Unit

Mode = Literal["raise", "warn", "sample"]

# Warnings that are told apart; a program with more problems has heard enough.
MAX_WARNINGS = 1_000
_DEFAULT_RULES = GuardRules()


class QueryGuard:
    """Watches the statements of an engine, by units of work.

    >>> from sqlalchemy import create_engine, text
    >>> engine = create_engine("sqlite://")
    >>> guard = QueryGuard(engine, mode="warn")
    >>> with guard.unit("list") as unit, engine.connect() as connection:
    ...     _ = connection.execute(text("SELECT 1"))
    >>> unit.count, unit.problems
    (1, ())

    Args:
        engine: whose statements count; None: those of every engine of the process.
        mode: "raise" for tests, "warn" for development, "sample" for production.
        max_queries: statements that a unit may execute; None: any number.
        share: share of the units that "sample" looks at, 0 to 1.
        max_keys: names of units, and likewise kinds of problems, that `counters` tells one by one.
        rules: what counts as a problem, and what is never reported.
        follow_threads: whether a `Thread`, and the work of a `ThreadPoolExecutor`, belongs to the unit that starts it.
            For this, while a unit is open, both classes' methods are replaced in the whole process.
    Raises: ValueError: a parameter is out of its range.

    An eager load counts as unused when other attributes of its parents were read before the unit's end, and this one
    never: let a unit span the use of what it loads. Reads past the attributes are not seen, as `vars(notebook)`; nor
    is a deeper `joinedload` judged, for it may have found no row. Units that delete or pickle are not judged for it.
    """

    def __init__(
        self,
        engine: AsyncEngine | Engine | None,
        *,
        mode: Mode = "warn",
        max_queries: int | None = None,
        share: float = 0.01,
        max_keys: int = 200,
        rules: GuardRules = _DEFAULT_RULES,
        follow_threads: bool = False,
    ) -> None:
        if mode not in ("raise", "warn", "sample"):
            raise ValueError(f"no mode {mode!r}; use 'raise', 'warn' or 'sample'")
        if not 0 <= share <= 1:
            raise ValueError(f"share is {share!r}, but has to be from 0 to 1")
        if max_keys < 1:
            raise ValueError(f"max_keys is {max_keys}, at least 1")
        self._dialect = engine.dialect if engine is not None else None
        self._mode = mode
        self._share = share if mode == "sample" else 1.0
        self._follow_threads = follow_threads
        self._rules = UnitRules(
            lazy_loads=rules.lazy_loads,
            repeats=rules.repeats,
            ignore=frozenset(rules.ignore),
            packages=frozenset(rules.packages),
            max_queries=max_queries,
            finds_unused=mode != "sample",
            locates_all=mode == "raise",
        )
        self._counters = Counters(max_keys)
        self._warned: set[tuple[object, ...]] = set()
        listen()

    @property
    def mode(self) -> Mode:
        return self._mode

    def counters(self) -> GuardCounters:
        """Return the counters over all units so far, as for a Prometheus collector; each problem with an example."""
        return self._counters.read()

    @contextmanager
    def unit(self, name: str = "", *, max_queries: int | None = None) -> Iterator[Unit]:
        """Watch the statements of the block, and of the tasks and threads that it starts.

        Unless the guard follows threads, those are seen that take the context along, as `asyncio.to_thread` and
        FastAPI's thread pool do. Other tasks and threads are never seen. Blocks may be nested; the outer one counts
        what the inner one does.

        Args:
            name: as `GET /notebooks`; it may be set on the unit until the block ends.
            max_queries: in place of the guard's.
        Raises:
            QueryProblems: in mode "raise", at the end of a block that raised nothing itself.
            ValueError: `max_queries` is below 0.
        """
        rules = self._rules if max_queries is None else replace(self._rules, max_queries=max_queries)
        # No secret hangs on this choice.
        unit = Unit(self._dialect, name, rules, is_sampled=self._share >= 1 or random.random() < self._share)
        if not unit.is_sampled:
            self._counters.skip()
            yield unit
            return
        enter(unit)
        try:
            with threads_followed() if self._follow_threads else nullcontext():
                yield unit
        finally:
            leave(unit)
            unit.close()
            self._counters.add(unit)
        if self._mode == "raise" and unit.problems:
            raise QueryProblems(unit.name, unit.problems, unit.statements)
        if self._mode == "warn":
            for problem in unit.problems:
                self._warn(problem)

    def _warn(self, problem: Problem) -> None:
        """Warn once for each place, on the line at fault, whatever unit it was seen in."""
        key = (problem.kind, problem.relationship, problem.place or problem.unit)
        if key in self._warned or len(self._warned) >= MAX_WARNINGS:
            return
        self._warned.add(key)
        if problem.place is None:
            warnings.warn(problem.advice, QueryWarning, stacklevel=4)
        else:
            warnings.warn_explicit(problem.advice, QueryWarning, problem.place.file, problem.place.line)
