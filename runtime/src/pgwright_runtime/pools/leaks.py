"""Name the line that takes a connection from the pool and keeps it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal
from weakref import ref

from sqlalchemy import Engine, event

from pgwright_runtime._alchemy import sync_engine
from pgwright_runtime._stack import CodeLine, find_line
from pgwright_runtime.pools.watched import PoolObserver, watched_pool

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_log = logging.getLogger("pgwright_runtime.pools")

LeakState = Literal["held", "returned late", "never returned"]


@dataclass(frozen=True)
class Leak:
    """A connection that was kept for too long."""

    caller: CodeLine | None
    """Who took it; None: no line of the app was on the stack, as in a task that runs SQLAlchemy's coroutine itself."""
    held_s: float
    """For how long, until now or until it came back, seconds."""
    state: LeakState
    """`never returned`: nobody closed it, and the garbage collector found it."""

    def __str__(self) -> str:
        return f"{self.caller or 'unknown line'}: connection {self.state} after {self.held_s:.1f} s"


@dataclass
class _Loan:
    caller: CodeLine | None
    since: float
    borrower: ref[Any]
    is_told: bool = False


class LeakFinder(PoolObserver):
    """Watch an engine's connections, from now on.

    A connection that is kept too long is told once: while it is still held, or when it comes back. Those still held
    are looked at in `report()`, at a timeout of the pool, and at a checkout once in `hold_s`; no thread waits in the
    background. One that the garbage collector finds is told in any case. A timeout's error names the line that has
    held a connection for longest.
    """

    def __init__(
        self, engine: Engine | AsyncEngine, *, hold_s: float = 10.0, on_leak: Callable[[Leak], None] | None = None
    ) -> None:
        """Begin to watch.

        Args:
            engine: one of `create_engine` or `create_async_engine`.
            hold_s: a connection held for longer is a leak, seconds.
            on_leak: called with each leak, in the thread or task that found it; None: a warning in the log
                `pgwright_runtime.pools`.
        Raises: ValueError: the engine's pool cannot be observed, or hold_s is negative.
        """
        if hold_s < 0:
            raise ValueError(f"hold_s is {hold_s}, and must be 0 or more")
        pool = watched_pool(engine)
        self.hold_s = hold_s
        self._on_leak = on_leak or (lambda leak: _log.warning("%s", leak))
        self._loans: dict[int, _Loan] = {}
        self._next_look = monotonic() + hold_s
        target = sync_engine(engine)
        event.listen(target, "checkout", self._lent)
        event.listen(target, "checkin", self._returned)
        event.listen(target, "detach", self._returned)
        pool.observers.append(self)

    def report(self) -> list[Leak]:
        """Return the connections that are being kept for too long now, the longest first; new ones are told, too."""
        now = monotonic()
        loans = sorted(self._loans.values(), key=lambda loan: loan.since)
        overdue = [loan for loan in loans if now - loan.since > self.hold_s]
        self._next_look = now + self.hold_s
        leaks = [(loan, Leak(loan.caller, now - loan.since, "held")) for loan in overdue]
        for loan, leak in leaks:
            self._tell(loan, leak)
        return [leak for _, leak in leaks]

    def answered(self, wait_s: float, *, in_time: bool) -> None:
        if not in_time:
            self.report()

    def forked(self) -> None:
        self._loans = {}

    def advice(self) -> str:
        now = monotonic()
        oldest = min(list(self._loans.values()), key=lambda loan: loan.since, default=None)
        return "" if oldest is None else f"Held for longest, {now - oldest.since:.1f} s: {oldest.caller}."

    def _lent(self, connection: Any, record: Any, proxy: Any) -> None:
        now = monotonic()
        if now >= self._next_look:
            self.report()
        # The callback makes Python clear the reference before any finaliser runs, which tells a collected one apart.
        self._loans[id(record)] = _Loan(find_line(or_package=True), now, ref(proxy, _nothing))

    def _returned(self, connection: Any, record: Any) -> None:
        loan = self._loans.pop(id(record), None)
        if loan is None:  # taken before we began
            return
        held_s = monotonic() - loan.since
        if loan.borrower() is None:
            self._on_leak(Leak(loan.caller, held_s, "never returned"))
        elif held_s > self.hold_s:
            self._tell(loan, Leak(loan.caller, held_s, "returned late"))

    def _tell(self, loan: _Loan, leak: Leak) -> None:
        if not loan.is_told:
            loan.is_told = True
            self._on_leak(leak)


def _nothing(_: object) -> None: ...
