"""Call an endpoint, and see what it did to the database."""

from __future__ import annotations

import time
import warnings
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from pgwright.model.probe import ProbeCall
from pgwright.probe.client import Answer, GetRequest, get
from pgwright_runtime.guard import GuardMiddleware, Problem, QueryGuard, QueryWarning, Unit

# Counted calls after the warm-up; their median is the time.
RUNS = 3


@dataclass(frozen=True)
class Measured:
    answer: Answer
    call: ProbeCall
    problems: tuple[Problem, ...]
    """Of the guard, in the call with most queries."""


class _Watching(QueryGuard):
    """A guard over every engine that keeps its last unit; it judges all, and warns nobody."""

    def __init__(self) -> None:
        super().__init__(None, mode="warn", follow_threads=True)
        self.last: Unit | None = None

    @contextmanager
    def unit(self, name: str = "", *, max_queries: int | None = None) -> Iterator[Unit]:
        with super().unit(name, max_queries=max_queries) as unit:
            self.last = unit
            yield unit


class AppCaller:
    """Calls one app in this process.

    Args:
        app: the ASGI app, started.
        state: what its lifespan shares with the requests.
        timeout_s: the longest that one call may take.
        ended: called after each call.
    """

    def __init__(
        self, app: Any, state: Mapping[str, Any], timeout_s: float, ended: Callable[[], Awaitable[None]]
    ) -> None:
        self._guard, self._ended = _Watching(), ended
        self._app, self._state, self._timeout_s = GuardMiddleware(app, guard=self._guard), state, timeout_s

    async def once(self, request: GetRequest) -> Answer:
        """Call it to warm it up, and to see whether it answers. Raises what the app raises, and TimeoutError."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QueryWarning)
            try:
                return await get(self._app, request, self._state, self._timeout_s)
            finally:
                await self._ended()

    async def measure(self, request: GetRequest, size: str) -> Measured:
        """Call it `RUNS` times and return the call with most queries, with the median time."""
        times: list[float] = []
        found: list[tuple[Unit, Answer]] = []
        for _ in range(RUNS):
            began = time.perf_counter()
            answer = await self.once(request)
            times.append(1000 * (time.perf_counter() - began))
            if self._guard.last is not None:
                found.append((self._guard.last, answer))
        # An app that caches asks only once.
        unit, answer = max(found, key=lambda one: one[0].count)
        fetched = [statement.rows for statement in unit.statements]
        rows_fetched = None if None in fetched else sum(rows or 0 for rows in fetched)
        call = ProbeCall(size, unit.count, answer.rows, rows_fetched, median(times))
        return Measured(answer, call, unit.problems)
