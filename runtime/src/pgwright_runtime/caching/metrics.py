"""What a cache counts, and publishes to Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pgwright_runtime import metrics
from pgwright_runtime._publishing import Publisher

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


@dataclass
class CallCounts:
    """Of one cached function, in this process, since its start."""

    hits: int = 0
    misses: int = 0
    """Calls that computed the value."""
    bypasses: Counter[str] = field(default_factory=Counter)
    """Calls whose value was not cached, by reason; those of a miss that was not stored are among the misses, too."""
    stampedes_avoided: int = 0
    """Hits of callers that waited while another one computed the value."""
    unreadable: int = 0
    """Stored values that were damaged, or of another version."""

    @property
    def hit_ratio(self) -> float:
        """Hits among all calls, from 0 to 1; 0.0 where there was none."""
        calls = self.hits + self.misses + self.bypasses["unavailable"] + self.bypasses["session"]
        return self.hits / calls if calls else 0.0


class CacheMetrics:
    """Counts calls by function; publishes them where there is a registry.

    Raises: ImportError: there is one, and prometheus_client is not installed.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._registry = registry
        self._counts: dict[str, CallCounts] = {}
        self._publishers: dict[tuple[str, ...], Publisher] = {}

    def of(self, name: str) -> CallCounts:
        """Return the counts of a function."""
        return self._counts.setdefault(name, CallCounts())

    def all(self) -> Mapping[str, CallCounts]:
        """Return the counts of every function that was called, by its name."""
        return self._counts

    def hit(self, name: str, seconds: float, size: int, *, has_waited: bool) -> None:
        counts = self.of(name)
        counts.hits += 1
        counts.stampedes_avoided += has_waited
        if self._registry is not None:
            self._publisher(name).add(metrics.CACHE_HITS)
            self._publisher(name).observe(metrics.CACHE_HIT_SECONDS, seconds)
            self._publisher(name).add(metrics.CACHE_BYTES, size)
            self._publisher(name).add(metrics.CACHE_STAMPEDES_AVOIDED, has_waited)

    def miss(self, name: str) -> None:
        self.of(name).misses += 1
        self._publisher(name).add(metrics.CACHE_MISSES)

    def bypass(self, name: str, reason: str) -> None:
        self.of(name).bypasses[reason] += 1
        self._publisher(name, reason).add(metrics.CACHE_BYPASSES)

    def unreadable(self, name: str) -> None:
        self.of(name).unreadable += 1
        self._publisher(name).add(metrics.CACHE_UNREADABLE)

    def _publisher(self, *labels: str) -> Publisher:
        if labels not in self._publishers:
            self._publishers[labels] = Publisher(self._registry, *labels)
        return self._publishers[labels]
