"""A bulkhead: so many calls at the same time and no more, so that one slow endpoint cannot take all connections."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from math import ceil
from types import TracebackType
from typing import TYPE_CHECKING

from pgwright_runtime import metrics
from pgwright_runtime._publishing import Publisher
from pgwright_runtime.limits.errors import BulkheadFull

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class Bulkhead:
    """Lets at most `limit` calls run at the same time in this process; `queue` more wait, first come, first served.

    `async with bulkhead:` wraps what it limits. It belongs to one event loop, as a process of an app has it.

    Args:
        limit: calls that run; less than the pool's connections, so that others find some.
        queue: calls that may wait; whoever comes then is refused at once.
        wait_s: the longest that one waits, in seconds; then it is refused.
        name: as clients and metrics see it.
        registry: where metrics are published; None: nowhere.
    Raises:
        ValueError: a number is out of its range.
        ImportError: there is a registry, and prometheus_client is not installed.
    """

    def __init__(
        self,
        limit: int,
        queue: int = 0,
        wait_s: float = 1.0,
        *,
        name: str = "bulkhead",
        registry: CollectorRegistry | None = None,
    ) -> None:
        if limit < 1 or queue < 0 or wait_s <= 0:
            raise ValueError(f"limit is at least 1, queue 0, wait_s more than 0: {limit!r}, {queue!r}, {wait_s!r}")
        self.name, self._limit, self._queue, self._wait_s = name, limit, queue, wait_s
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._publisher = Publisher(registry, name)
        self._show()

    @property
    def running(self) -> int:
        """How many calls run."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return len(self._waiting)

    async def __aenter__(self) -> None:
        """Wait for a place.

        Raises: BulkheadFull: there is none, and there was none in time.
        """
        # Who waits comes first: places are handed over, so that none is free while somebody waits.
        if self._running < self._limit:
            self._running += 1
        elif len(self._waiting) < self._queue:
            await self._wait()
        else:
            raise self._full()
        self._show()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    async def _wait(self) -> None:
        loop, started = asyncio.get_running_loop(), time.monotonic()
        place = loop.create_future()
        timer = loop.call_later(self._wait_s, self._give_up, place)
        self._waiting.append(place)
        self._show()
        try:
            await place
        except asyncio.CancelledError:
            if place.cancelled():
                self._waiting.remove(place)
            elif place.exception() is None:
                # It was handed over in the moment in which the caller was cancelled.
                self._leave()
            raise
        finally:
            timer.cancel()
            self._publisher.observe(metrics.BULKHEAD_WAIT, time.monotonic() - started)
            self._show()

    def _give_up(self, place: asyncio.Future[None]) -> None:
        if not place.done():
            self._waiting.remove(place)
            place.set_exception(self._full())

    def _leave(self) -> None:
        for place in self._waiting:
            # One that is cancelled takes itself out of the queue when its task runs.
            if not place.done():
                self._waiting.remove(place)
                place.set_result(None)
                break
        else:
            self._running -= 1
        self._show()

    def _full(self) -> BulkheadFull:
        self._publisher.add(metrics.BULKHEAD_REJECTED)
        return BulkheadFull(self.name, ceil(self._wait_s))

    def _show(self) -> None:
        self._publisher.set(metrics.BULKHEAD_RUNNING, self._running)
        self._publisher.set(metrics.BULKHEAD_WAITING, len(self._waiting))
