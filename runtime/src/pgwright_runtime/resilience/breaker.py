"""The breaker as apps use it: a block, a decorator, or around an engine."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from inspect import iscoroutinefunction
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from pgwright_runtime._alchemy import sync_engine
from pgwright_runtime.resilience.circuit import Circuit, CircuitCall, Outcome, State
from pgwright_runtime.resilience.engines import protect
from pgwright_runtime.resilience.metrics import BreakerCounts, BreakerMetrics
from pgwright_runtime.resilience.settings import BreakerSettings

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    from pgwright_runtime.resilience.sharing import RedisSharing

P = ParamSpec("P")
T = TypeVar("T")


def is_error(error: BaseException) -> bool:
    """Count every exception but those that end a task or the process, as a cancellation."""
    return isinstance(error, Exception)


class Breaker:
    """Refuses calls to what has failed, at once, and lets one probe at a time find out whether it is back.

    `with breaker:` or `async with breaker:` around calls, `@breaker` on a sync or async function, and
    `breaker.protect(engine)` for a database. While it is open, each of them raises `CircuitOpen`.

    Args:
        name: what is called, as metrics and errors name it.
        settings: when it opens, and for how long.
        is_failure: whether an exception of a block or a function means that what is called has failed; any other one,
            as of a wrong argument, counts as its answer.
        sharing: tells the app's other processes, and hears from them; None: this process decides alone.
        registry: where to publish metrics; None: nowhere.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: BreakerSettings = BreakerSettings(),  # noqa: B008  (it is frozen)
        is_failure: Callable[[BaseException], bool] = is_error,
        sharing: RedisSharing | None = None,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self.name, self._is_failure, self._sharing = name, is_failure, sharing
        self._metrics = BreakerMetrics(name, registry)
        self._circuit = Circuit(name, settings, self._metrics)
        # Of this context only, since one breaker is entered by many tasks and threads.
        self._calls: ContextVar[tuple[CircuitCall, ...]] = ContextVar(f"pgwright_breaker_{name}", default=())
        if sharing is not None:
            sharing.add(name, self._circuit)
            sharing.publish(registry)

    @property
    def state(self) -> State:
        """As it was left: "open" stays until the call that probes."""
        return self._circuit.state

    @property
    def counts(self) -> BreakerCounts:
        """What happened since the start, in this process."""
        return self._metrics.counts

    def protect(self, engine: Engine | AsyncEngine) -> None:
        """Watch an engine's connections, and refuse to hand any out while open.

        A connection that cannot be opened and one that is lost count as failures. Not so an error that a living server
        gave as its answer, too many connections and a wrong password included, nor the pool's own timeout. The probe
        is always a newly opened connection; those of before the failure are replaced when they are next taken.

        Raises: ValueError: the engine's pool is protected already.
        """
        protect(sync_engine(engine), self.name, self._circuit, self._keep_sharing)

    def __enter__(self) -> None:
        self._keep_sharing()
        self._calls.set((*self._calls.get(), self._circuit.enter()))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Empty where a framework leaves the block in another context; then a probe ends by its time.
        *outer, call = self._calls.get() or (None,)
        self._calls.set(cast("tuple[CircuitCall, ...]", tuple(outer)))
        if call is not None:
            self._circuit.leave(call, self._outcome(error))

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Let every call of a function, sync or async, go through the breaker."""
        if iscoroutinefunction(function):
            return cast("Callable[P, T]", self._around_async(function))

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            with self:
                return function(*args, **kwargs)

        return call

    def _around_async(self, function: Callable[P, Awaitable[Any]]) -> Callable[P, Awaitable[Any]]:
        @functools.wraps(function)
        async def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            with self:
                return await function(*args, **kwargs)

        return call

    def _outcome(self, error: BaseException | None) -> Outcome:
        if error is None:
            return "succeeded"
        if self._is_failure(error):
            return "failed"
        return "succeeded" if isinstance(error, Exception) else "unknown"

    def _keep_sharing(self) -> None:
        if self._sharing is not None:
            self._sharing.start()
