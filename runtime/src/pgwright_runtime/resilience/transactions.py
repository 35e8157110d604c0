"""A whole transaction as a function, committed here, and repeated where that is safe.

Safe is: the server has undone it and says so (a serialization failure, a deadlock), or nothing of the function was
sent. A connection that is lost later ends it: the function may have done more than its transaction.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack, overload

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.util import await_only, greenlet_spawn

from pgwright_runtime import metrics
from pgwright_runtime._background import Runner, Tasks, Threads
from pgwright_runtime._publishing import Publisher
from pgwright_runtime.resilience.attempt import Attempt, Cause
from pgwright_runtime.resilience.deadlines import deadline as until
from pgwright_runtime.resilience.deadlines import time_left
from pgwright_runtime.resilience.errors import DeadlinePassed
from pgwright_runtime.resilience.isolation import Isolation, Level

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

T = TypeVar("T")
S = TypeVar("S", bound=Session)
A = TypeVar("A", bound=AsyncSession)
# The longest of the pauses before the second attempt, doubled for each one after it, and the cap of that.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.02, 1.0


class Options(TypedDict, total=False):
    """What `run_transaction` may be given by name."""

    isolation: Level | Isolation | None
    attempts: int
    deadline: float | None
    limit_statements: bool
    registry: CollectorRegistry | None


@dataclass(frozen=True)
class _Plan:
    """How a transaction is to run, whatever it does."""

    options: dict[str, Any]
    attempts: int
    limit_statements: bool
    registry: CollectorRegistry | None

    def run(self, session: Callable[[], Session], work: Callable[[Session], T], waits: Runner) -> T:
        number = 0
        while True:
            number += 1
            started, left_s = time.monotonic(), time_left()
            if left_s is not None and left_s <= 0:
                raise DeadlinePassed
            own = session()
            attempt = Attempt[T](own, self.options)
            try:
                return attempt.run(lambda own=own: work(own), self._limit_ms(left_s))  # type: ignore[misc]
            except Exception as error:
                cause = attempt.cause(error)
                if cause is None:
                    raise
                pause_s = self._pause_s(number, time.monotonic() - started, error, cause)
                if pause_s is None:
                    raise
            finally:
                # With all that it holds: nothing of a failed attempt is seen by the next one.
                own.close()
            waits.pause(pause_s)

    def _limit_ms(self, left_s: float | None) -> int | None:
        return max(1, int(left_s * 1_000)) if self.limit_statements and left_s is not None else None

    def _pause_s(self, number: int, taken_s: float, error: Exception, cause: Cause) -> float | None:
        """Return how long to wait before the next attempt; None: there is none, which the error then tells."""
        published = Publisher(self.registry, cause)
        pause_s = random.uniform(0, min(_FIRST_PAUSE_S * 2 ** (number - 1), _LONGEST_PAUSE_S))
        left_s = time_left()
        is_late = left_s is not None and pause_s + taken_s > left_s
        if number < self.attempts and not is_late:
            published.add(metrics.TRANSACTION_RETRIES)
            return pause_s
        published.add(metrics.TRANSACTION_GIVEN_UP)
        reason = "the next one would end after its deadline" if is_late else "there are no more of them"
        error.add_note(f"the transaction was given up after attempt {number}: {reason}")
        return None


@overload
def run_transaction(
    target: AsyncEngine,
    function: Callable[[AsyncSession], Coroutine[Any, Any, T]],
    **options: Unpack[Options],
) -> Coroutine[Any, Any, T]: ...
@overload
def run_transaction(
    target: async_sessionmaker[A],
    function: Callable[[A], Coroutine[Any, Any, T]],
    **options: Unpack[Options],
) -> Coroutine[Any, Any, T]: ...
@overload
def run_transaction(
    target: Engine,
    function: Callable[[Session], T],
    **options: Unpack[Options],
) -> T: ...
@overload
def run_transaction(
    target: sessionmaker[S],
    function: Callable[[S], T],
    **options: Unpack[Options],
) -> T: ...
def run_transaction(
    target: Any,
    function: Callable[[Any], Any],
    *,
    isolation: Level | Isolation | None = None,
    attempts: int = 5,
    deadline: float | None = None,
    limit_statements: bool = False,
    registry: CollectorRegistry | None = None,
) -> Any:
    """Run a function in a transaction, commit it, and return what it returned; of an async engine, await that.

    The function may run several times, each time in a new session, so it does nothing outside of its session that must
    not be done twice. It neither commits nor rolls back. What it returns stays loaded.

    Args:
        target: an engine or a session factory of one engine, sync or async.
        function: gets the session; for an async target it is a coroutine function.
        isolation: of this transaction; None: the engine's.
        attempts: at most so many. Repeated are serialization failures, deadlocks, and a connection that could not be
            opened or was found dead before the function began.
        deadline: seconds for all attempts together; a `deadline()` around it counts, too.
        limit_statements: the server stops each statement after what is left to the deadline as the attempt begins.
        registry: where to publish metrics; None: nowhere.
    Raises:
        OutcomeUnknown: the connection was lost during COMMIT.
        DeadlinePassed: before the first attempt, or during a pause.
        TransactionEnded: the function ended its transaction.
        ValueError: attempts is less than 1, the isolation is unknown, or the engine commits each statement by itself.
    """
    if attempts < 1:
        raise ValueError(f"attempts is at least 1, not {attempts!r}")
    own = Isolation(isolation) if isinstance(isolation, str) else isolation
    plan = _Plan(own.options() if own else {}, attempts, limit_statements, registry)
    if isinstance(target, AsyncEngine | async_sessionmaker):
        return _run_async(plan, target, function, deadline)
    make: Any = sessionmaker(target) if isinstance(target, Engine) else target
    with until(deadline):
        return plan.run(lambda: make(expire_on_commit=False), function, Threads())


async def _run_async(
    plan: _Plan,
    target: AsyncEngine | async_sessionmaker[Any],
    function: Callable[[Any], Coroutine[Any, Any, T]],
    deadline: float | None,
) -> T:
    make: Any = async_sessionmaker(target) if isinstance(target, AsyncEngine) else target
    opened: list[AsyncSession] = []

    def session() -> Session:
        opened[:] = [make(expire_on_commit=False)]
        return opened[0].sync_session

    with until(deadline):
        return await greenlet_spawn(plan.run, session, lambda _: await_only(function(opened[0])), Tasks())
