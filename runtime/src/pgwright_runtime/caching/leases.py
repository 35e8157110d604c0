"""The lease by which a process tells a shared store that what it writes is being invalidated there.

Each process that uses the store holds one. Whoever finds a lease that ended makes all values invalid, for its holder
may have been killed between a COMMIT and the invalidation. Who cannot reach the store when it has to invalidate waits
until every lease must have ended: from then on nobody takes an old value for valid.

A lease is asked for until a moment on the server's clock, not for a time from its arrival on, and after a failure not
for a later one, since nobody knows when a message arrives that was given up.

Source: C. Gray and D. Cheriton, Leases, SOSP 1989; there readers hold them.
"""

from __future__ import annotations

import atexit
import math
import secrets
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread

from pgwright_runtime._answering import Answering
from pgwright_runtime.caching.stores import StoreUnavailable


@dataclass(frozen=True)
class Renewal:
    """What the server said to a renewal."""

    now_ms: int
    """On the server's clock."""
    ends_ms: int
    """0: the moment that was asked for has passed."""
    tables: dict[str, int]
    """Which tables are cached by anybody, and since when."""


Renew = Callable[[str, int, bool, Collection[str]], Renewal]
"""Asks for a lease: of a member, until a moment (0: a new one), with all values forgotten or not, and for some tables.

Raises: StoreUnavailable.
"""


class Lease:
    """One process's lease, renewed by a daemon thread.

    Args:
        renew: asks the server.
        leave: gives a member's lease back.
        seconds: how long it lasts.
        answering: is told of each answer, and of each failure.
    """

    def __init__(self, renew: Renew, leave: Callable[[str], None], seconds: float, answering: Answering) -> None:
        self._renew, self._leave, self._seconds, self._answering = renew, leave, seconds, answering
        self._interval_s = seconds / 4
        self.member = secrets.token_hex(8)
        self._own: set[str] = set()
        self._cached: dict[str, int] = {}
        self._server_ms = self._asked_ms = 0
        self._sent = self._registered = -math.inf
        self._lost_at: float | None = None
        self._owes = False
        self._is_stopped = False
        self._changed = Condition()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to renew, and wait for the first answer."""
        with self._changed:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="pgwright-cache", daemon=True)
                self._thread.start()
                atexit.register(self.stop)
                self._changed.wait(self._interval_s)

    def stop(self) -> None:
        """Give the lease back, unless others have to find that it ended."""
        with self._changed:
            if self._thread is None or self._is_stopped:
                return
            self._is_stopped = True
            self._changed.notify_all()
        atexit.unregister(self.stop)
        self._thread.join(self._seconds)
        if not self._owes and not self._thread.is_alive():
            with suppress(StoreUnavailable):
                self._leave(self.member)

    def is_current(self) -> bool:
        """Return whether the server has a lease of ours, so that others wait for us."""
        return time.monotonic() - self._sent < self._seconds

    def caches(self, tables: Collection[str]) -> bool:
        """Note that values of tables are cached here; False: not before all who write know it."""
        if not self._own.issuperset(tables):
            self._own.update(tables)
            self._wake()
        # Who did not hear of them by then had no lease for longer than `drops` goes by what it heard.
        ripe_ms = self._server_ms - 2_000 * self._seconds
        return all(self._cached.get(table, math.inf) <= ripe_ms for table in tables)

    def drops(self, table: str) -> bool:
        """Return whether anybody may cache what a table holds; asked after a COMMIT."""
        if table in self._cached:
            return True
        if self.lost_for_s() > 0:
            return False
        now = time.monotonic()
        # Within one lease of a start all others have named their tables again, even where the server lost them.
        has_heard_all = now - self._registered > self._seconds
        return not (has_heard_all and now - self._sent < 2 * self._seconds - self._interval_s)

    def lost_for_s(self) -> float:
        """Return for how long every lease must have ended, since the server answers nobody; negative: until then."""
        if self._lost_at is None:
            return -math.inf
        return time.monotonic() - self._lost_at - self._seconds - self._interval_s

    def heard(self) -> None:
        """Note that the server answered."""
        self._lost_at = None
        self._answering.heard()

    def failed(self, error: StoreUnavailable) -> None:
        """Note that it did not."""
        if self._lost_at is None:
            self._lost_at = time.monotonic()
        self._answering.failed(error)

    def owe(self) -> None:
        """Note that a commit could not be invalidated: before anything else, all values have to be."""
        self._owes = True

    def expelled(self) -> None:
        """Note that the server does not know of the lease."""
        self._sent = -math.inf
        self._wake()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        while not self._is_stopped:
            with suppress(StoreUnavailable):
                self._try()
            with self._changed:
                self._changed.notify_all()
                if not self._is_stopped:
                    self._changed.wait(self._interval_s)

    def _try(self) -> None:
        sent = time.monotonic()
        is_new = not self.is_current()
        if not is_new and self._lost_at is None:
            self._asked_ms = int(self._server_ms + (sent - self._sent + self._seconds) * 1_000)
        owed, self._owes = self._owes, False
        try:
            renewal = self._renew(self.member, 0 if is_new else self._asked_ms, owed, tuple(self._own))
        except StoreUnavailable as error:
            self._owes |= owed
            self.failed(error)
            raise
        self.heard()
        self._cached.update(renewal.tables)
        if not renewal.ends_ms:
            self._sent = -math.inf
            return
        if is_new:
            self._registered = time.monotonic()
        self._server_ms, self._sent, self._asked_ms = renewal.now_ms, sent, renewal.ends_ms
