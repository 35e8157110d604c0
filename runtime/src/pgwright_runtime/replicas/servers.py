"""What is known of each server, and which of them may answer a read. No questions are asked here."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Engine

from pgwright_runtime.replicas.callers import UNKNOWN

_logger = logging.getLogger(__name__)

Reason = Literal["not replayed", "unknown write", "lagging", "unavailable", "failed over", "primary only"]
"""Why a read went to the primary: no replica had the caller's write in time; nobody knows where that write ended; all
replicas are further behind than allowed; none is healthy; the replica failed under the read; an advisory lock, LISTEN,
NOTIFY or SERIALIZABLE means nothing elsewhere."""


@dataclass(eq=False)
class WatchedServer:
    """One server: the primary or a replica."""

    name: str
    engine: Engine
    reading: Engine
    """The engine for READ ONLY transactions; it has the same pool."""
    is_primary: bool
    problem: str = "not looked at yet"
    """Why it is not to be asked; "" when it is healthy."""
    lsn: int = 0
    """Bytes of write-ahead log that it had replayed, or as primary flushed, when last looked at."""
    lag_s: float = 0.0
    seen_at: float = 0.0
    """When last looked at, by `time.monotonic`."""
    keeps_snapshot: bool = False
    """Whether a transaction sees one state to its end: its engine's isolation is not READ COMMITTED."""
    silence_s: float = 1.0
    """A server that was not seen for longer is not healthy."""
    locking: frozenset[str] = frozenset()
    """Of the primary: the functions of the database that take advisory locks, by their names."""
    hangs: bool = False
    """Whether it was silent for so long that its connections were ended; none is opened until it is seen again."""

    @property
    def is_healthy(self) -> bool:
        return not self.problem and time.monotonic() - self.seen_at < self.silence_s

    def covers(self, needed: int) -> bool:
        """Tell whether it shows all that was written up to a position."""
        return self.is_primary or self.lsn >= needed

    def see(self, lsn: int, lag_s: float) -> None:
        """Note that it was seen healthy just now."""
        if self.problem:
            _logger.info("%s is in use", self.name)
        self.lsn, self.lag_s, self.seen_at, self.problem = lsn, lag_s, time.monotonic(), ""
        self.hangs = False

    def fail(self, problem: str) -> None:
        """Take it out until it is next seen healthy."""
        if problem != self.problem:
            _logger.warning("%s is out of use: %s", self.name, problem)
        self.problem = problem


@dataclass
class History:
    """The primary's positions, each with the time when it was last seen there.

    A replica's lag is the age of the newest of them that it has replayed, against the newest of all. So it stays right
    where `now() - pg_last_xact_replay_timestamp()` grows, on an idle primary, and where a replica that lost its
    primary compares what it received with what it replayed and finds no difference.
    """

    keep_s: float
    _seen: deque[tuple[int, float]] = field(default_factory=deque)

    def add(self, lsn: int, at: float) -> None:
        if self._seen and self._seen[-1][0] == lsn:
            self._seen.pop()
        self._seen.append((lsn, at))
        while self._seen[0][1] < at - self.keep_s:
            self._seen.popleft()

    def lag_s(self, lsn: int) -> float:
        """Return how far behind a replica is that has replayed up to `lsn`, seconds; infinite: further than we know.

        While the primary cannot be asked this does not grow: what is not written nobody lags behind.
        """
        if not self._seen:
            return 0.0
        newest = self._seen[-1][1]
        return next((newest - at for seen, at in reversed(self._seen) if seen <= lsn), float("inf"))


def choose(replicas: Sequence[WatchedServer], needed: int, *, max_lag_s: float, turn: int) -> WatchedServer | Reason:
    """Return the replica that may answer, in turn, or why none may."""
    if needed == UNKNOWN:
        return "unknown write"
    covering = [each for each in replicas if each.lsn >= needed and each.lag_s <= max_lag_s and each.is_healthy]
    if covering:
        return covering[turn % len(covering)]
    healthy = [each for each in replicas if each.is_healthy]
    if not healthy:
        return "unavailable"
    return "not replayed" if any(each.lag_s <= max_lag_s for each in healthy) else "lagging"
