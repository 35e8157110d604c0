"""What breakers and retries count, and publish to Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgwright_runtime import metrics
from pgwright_runtime._publishing import Publisher

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from pgwright_runtime.resilience.circuit import Outcome, State

_STATES = {"closed": 0, "half-open": 1, "open": 2}


@dataclass
class BreakerCounts:
    """Of one breaker, in this process."""

    opened: int = 0
    """How often it opened, also because another process did."""
    rejected: int = 0
    probes: int = 0


class BreakerMetrics:
    """Counts what a breaker does; publishes it where there is a registry.

    Raises: ImportError: there is one, and prometheus_client is not installed.
    """

    def __init__(self, name: str, registry: CollectorRegistry | None) -> None:
        self.counts = BreakerCounts()
        self._name, self._registry = name, registry
        self._publisher = Publisher(registry, name)
        self._state = "closed"
        self._publisher.set(metrics.BREAKER_STATE, 0)
        for counter in (metrics.BREAKER_OPENED, metrics.BREAKER_REJECTED):
            self._publisher.add(counter, 0)

    def changed(self, state: State, pause_s: float) -> None:
        if state == "open" and self._state == "closed":
            self.counts.opened += 1
            self._publisher.add(metrics.BREAKER_OPENED)
        self._state = state
        self._publisher.set(metrics.BREAKER_STATE, _STATES[state])

    def rejected(self) -> None:
        self.counts.rejected += 1
        self._publisher.add(metrics.BREAKER_REJECTED)

    def probed(self, outcome: Outcome) -> None:
        self.counts.probes += 1
        Publisher(self._registry, self._name, outcome).add(metrics.BREAKER_PROBES)
