"""Where a read goes: the knowledge that sessions share, and the counters."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import Literal, get_args

from pgwright_runtime.replicas.callers import Callers
from pgwright_runtime.replicas.servers import Reason, WatchedServer, choose
from pgwright_runtime.replicas.settings import ReplicaSettings
from pgwright_runtime.replicas.watchers import Watchers
from pgwright_runtime.replicas.watching import HURRY_S

Counted = Reason | Literal["replica", "waits", "failovers"]


@dataclass(frozen=True)
class ReplicaStatus:
    """One replica, as last seen."""

    name: str
    is_healthy: bool
    problem: str
    """Why it is not asked; "" when it is healthy."""
    lag_s: float
    """How far it is behind the primary, seconds; infinite: for longer than it is watched."""
    lsn: int
    """Bytes of write-ahead log that it has replayed."""


@dataclass(frozen=True)
class RoutingMetrics:
    """Counters since the start, for this process."""

    reads_on_replica: int
    """Statements of read sessions that a replica answered."""
    reads_on_primary: Mapping[Reason, int]
    """Statements of read sessions that the primary answered, by reason."""
    waits: int
    """Reads that waited for a replica to replay the caller's write."""
    failovers: int
    """Reads that were repeated on another server, since theirs failed."""
    replicas: tuple[ReplicaStatus, ...]


@dataclass(frozen=True)
class Route:
    """A server for a read, and why it is the primary if it is."""

    server: WatchedServer
    reason: Reason | None = None


class Router:
    """Chooses servers for reads."""

    def __init__(self, watchers: Watchers, callers: Callers, settings: ReplicaSettings) -> None:
        self.watchers, self.callers = watchers, callers
        self._counts: Counter[Counted] = Counter()
        self._counting = Lock()
        self._wait_ms, self._max_lag_s = settings.wait_ms, settings.max_lag_s
        self._turns = count()

    def choose(self, needed: int) -> Route:
        """Return where a read goes that needs this position, as far as is known now."""
        chosen = choose(self.watchers.replicas, needed, max_lag_s=self._max_lag_s, turn=next(self._turns))
        return Route(chosen) if isinstance(chosen, WatchedServer) else self.on_primary(chosen)

    def on_primary(self, reason: Reason) -> Route:
        """Return the route to the primary."""
        return Route(self.watchers.primary, reason)

    def count(self, what: Counted) -> None:
        """Count one more; sessions of several threads may do so at once."""
        with self._counting:
            self._counts[what] += 1

    def wait(self, needed: int) -> Route:
        """Let a replica catch up for a short time; then return where the read goes."""
        self.count("waits")
        deadline = time.monotonic() + self._wait_ms / 1_000
        route = self.choose(needed)
        while route.reason == "not replayed" and time.monotonic() < deadline:
            self.watchers.hurry()
            self.watchers.runner.pause(HURRY_S)
            route = self.choose(needed)
        return route

    def metrics(self) -> RoutingMetrics:
        counts = self._counts
        replicas = tuple(
            ReplicaStatus(server.name, server.is_healthy, server.problem, server.lag_s, server.lsn)
            for server in self.watchers.replicas
        )
        reasons: tuple[Reason, ...] = get_args(Reason)
        on_primary: dict[Reason, int] = {reason: counts[reason] for reason in reasons}
        return RoutingMetrics(counts["replica"], on_primary, counts["waits"], counts["failovers"], replicas)
