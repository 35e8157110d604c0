"""A breaker around the connections of an engine: what the pool lends, opens and loses.

It stands before the pool's queue, where no event is: whoever asks while the circuit is open does not wait for others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from weakref import WeakSet

from sqlalchemy import Engine, Pool, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.pool import PoolProxiedConnection

from pgwright_runtime.resilience.circuit import Circuit, CircuitCall
from pgwright_runtime.resilience.errors import CircuitOpen, Unreachable
from pgwright_runtime.resilience.failures import is_lost, is_unreachable

_BORN = "pgwright_breaker_born"

_pools: WeakSet[Pool] = WeakSet()
_asking: ContextVar[tuple[Circuit, CircuitCall] | None] = ContextVar("pgwright_breaker_asking", default=None)


def protect(engine: Engine, name: str, circuit: Circuit, before: Callable[[], None]) -> None:
    """Put a circuit around an engine, and around the pools that it gets when it is disposed of.

    Args:
        before: is called each time before a connection is asked for.
    Raises: ValueError: its pool has one already.
    """
    if engine.pool in _pools:
        raise ValueError(f"{engine!r} is protected by a breaker already")
    guard = _Guard(name, circuit, engine.dialect.loaded_dbapi.Error, before)
    guard.stand_before(engine.pool)
    event.listen(engine.pool, "connect", _note_birth)
    event.listen(engine.pool, "checkout", guard.replace_old)
    event.listen(engine, "engine_disposed", lambda disposed: guard.stand_before(disposed.pool))
    event.listen(engine, "do_connect", _refuse_latecomers)
    event.listen(engine, "handle_error", guard.count_lost)
    event.listen(engine, "after_cursor_execute", guard.count_answer)


class _Guard:
    def __init__(self, name: str, circuit: Circuit, drivers_error: type[Exception], before: Callable[[], None]) -> None:
        self._name, self._circuit, self._drivers_error, self._before = name, circuit, drivers_error, before

    def stand_before(self, pool: Pool) -> None:
        if pool not in _pools:
            _pools.add(pool)
            pool.connect = self._guarded(pool.connect)  # type: ignore[method-assign]

    def _guarded(self, connect: Callable[[], PoolProxiedConnection]) -> Callable[[], PoolProxiedConnection]:
        def guarded() -> PoolProxiedConnection:
            self._before()
            call = self._circuit.enter()
            token = _asking.set((self._circuit, call))
            try:
                lent = connect()
            except BaseException as error:
                self._failed(call, error)
                raise
            finally:
                _asking.reset(token)
            if call.is_probe:
                self._circuit.leave(call, "succeeded")
            return lent

        return guarded

    def _failed(self, call: CircuitCall, error: BaseException) -> None:
        is_failure = is_unreachable(error, self._drivers_error)
        self._circuit.leave(call, "failed" if is_failure else "unknown")
        # Of its own kinds of errors SQLAlchemy makes a DBAPIError.
        if is_failure and not isinstance(error, DBAPIError | self._drivers_error):
            raise Unreachable(self._name, error) from error

    def replace_old(self, connection: object, record: Any, lent: object) -> None:
        """Let no connection of before the failure be handed out: it may be dead, and would be no probe."""
        if record.info.get(_BORN, 0.0) <= self._circuit.opened_at:
            raise InvalidatePoolError("opened before its server failed")

    def count_lost(self, context: ExceptionContext) -> None:
        # A ping that finds a connection dead says nothing of the server yet: the pool opens another one.
        error = context.sqlalchemy_exception or context.original_exception
        if context.connection is None or context.is_pre_ping or not context.is_disconnect or not is_lost(error):
            return
        if context.connection.info.get(_BORN, 0.0) > self._circuit.opened_at:
            self._circuit.count(has_failed=True)

    def count_answer(self, *_: object) -> None:
        self._circuit.count(has_failed=False)


def _note_birth(connection: object, record: Any) -> None:
    record.info[_BORN] = time.monotonic()


def _refuse_latecomers(*_: object) -> None:
    """Refuse those that were let through, waited in the pool's queue meanwhile, and would now open a connection."""
    asking = _asking.get()
    if asking is not None:
        circuit, call = asking
        if not call.is_probe and circuit.state != "closed":
            refused: CircuitOpen = circuit.refusal()
            raise refused
