"""SQLAlchemy's queue pools, with observers of how long a connection is waited for."""

from __future__ import annotations

from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import AsyncAdaptedQueuePool, Engine, QueuePool, exc
from sqlalchemy.pool import PoolProxiedConnection

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class PoolObserver:
    """What is told of each request for a connection; the methods do nothing unless overridden, and must not fail."""

    def asked(self) -> None:
        """Note that a connection is asked for."""

    def answered(self, wait_s: float, *, in_time: bool) -> None:
        """Note that the asking ended: with a connection or an error (`in_time`), or by the pool's timeout.

        `wait_s` holds the queueing, and where they were needed the ping and the opening of a connection, seconds.
        """

    def forked(self) -> None:
        """Forget what the parent has: this is a child now, and its pool is empty."""

    def advice(self) -> str:
        """Return what the error of a timeout should add, "" for nothing."""
        return ""


class WatchedPool(QueuePool):
    """A `QueuePool` that tells its observers, and whose timeout says what to do.

    `create_engine` uses it; for an engine made otherwise, pass it as SQLAlchemy's `poolclass`.
    """

    def __init__(self, creator: Any, pool_size: int = 5, max_overflow: int = 10, **options: Any) -> None:
        super().__init__(creator, pool_size=pool_size, max_overflow=max_overflow, **options)
        self.observers: list[PoolObserver] = []
        self.pool_size, self.max_overflow = pool_size, max_overflow

    @property
    def limit(self) -> float:
        """The most connections that it opens; infinite for a pool_size of 0 or a max_overflow of -1."""
        return inf if self.pool_size <= 0 or self.max_overflow < 0 else self.pool_size + self.max_overflow

    def connect(self) -> PoolProxiedConnection:
        observers = tuple(self.observers)
        for observer in observers:
            observer.asked()
        in_time, start = True, perf_counter()
        try:
            return super().connect()
        except exc.TimeoutError as error:
            in_time = False
            raise self._explained(error, observers) from None
        finally:
            wait_s = perf_counter() - start
            for observer in observers:
                observer.answered(wait_s, in_time=in_time)

    def recreate(self) -> WatchedPool:
        # An engine that is disposed of gets a new pool; who looked at the old one looks at that, too.
        pool = super().recreate()
        assert isinstance(pool, WatchedPool)
        pool.observers = self.observers
        return pool

    def _explained(self, error: exc.TimeoutError, observers: tuple[PoolObserver, ...]) -> exc.TimeoutError:
        advice = "".join(f"{advice} " for observer in observers if (advice := observer.advice()))
        message = (
            f"no connection became free within {self.timeout():g} s: all {self.limit} (pool_size {self.pool_size} + "
            f"max_overflow {self.max_overflow}) are in use. {advice}Keep transactions short and await nothing slow "
            "inside them; find lines that keep a connection with pgwright_runtime.pools.LeakFinder; enlarge the pool "
            "only as far as PoolBudget allows"
        )
        return exc.TimeoutError(message, code=error.code)


class AsyncWatchedPool(WatchedPool, AsyncAdaptedQueuePool):
    """The same for async engines; `create_async_engine` uses it."""


def watched_pool(engine: Engine | AsyncEngine) -> WatchedPool:
    """Return the engine's pool.

    Raises: ValueError: it is not one that can be observed.
    """
    pool = engine.pool
    if not isinstance(pool, WatchedPool):
        raise ValueError(
            f"a {type(pool).__name__} cannot be observed; make the engine with pgwright_runtime.create_engine or "
            "create_async_engine, or pass poolclass=WatchedPool (AsyncWatchedPool for async engines) of "
            "pgwright_runtime.pools"
        )
    return pool
