"""The metrics of `metrics.py` as families of prometheus_client, each made once for a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pgwright_runtime.metrics import Metric

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_families: WeakKeyDictionary[CollectorRegistry, dict[str, Any]] = WeakKeyDictionary()


def family(metric: Metric, registry: CollectorRegistry | None = None) -> Any:
    """Return the gauge, counter or histogram of a metric; None as registry: prometheus_client's `REGISTRY`.

    Raises: ImportError: prometheus_client is not installed.
    """
    try:
        import prometheus_client
    except ModuleNotFoundError as error:
        if error.name != "prometheus_client":
            raise
        raise ImportError("metrics need prometheus_client. Run: pip install 'pgwright-runtime[metrics]'") from error
    target = prometheus_client.REGISTRY if registry is None else registry
    known = _families.setdefault(target, {})
    if metric.name not in known:
        known[metric.name] = _made(prometheus_client, metric, target)
    return known[metric.name]


def _made(client: Any, metric: Metric, registry: CollectorRegistry) -> Any:
    if metric.kind == "histogram":
        return client.Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)
    kind = client.Gauge if metric.kind == "gauge" else client.Counter
    return kind(metric.name, metric.help, metric.labels, registry=registry)


class Publisher:
    """Publishes metrics under labels of its own; without a registry, nothing."""

    def __init__(self, registry: CollectorRegistry | None, *labels: str) -> None:
        self.registry, self._labels = registry, labels

    def add(self, metric: Metric, number: float = 1) -> None:
        """Add to a counter."""
        if self.registry is not None:
            self._child(metric).inc(number)

    def set(self, metric: Metric, value: float) -> None:
        """Set a gauge."""
        if self.registry is not None:
            self._child(metric).set(value)

    def observe(self, metric: Metric, value: float) -> None:
        """Count a value in a histogram."""
        if self.registry is not None:
            self._child(metric).observe(value)

    def _child(self, metric: Metric) -> Any:
        return family(metric, self.registry).labels(*self._labels)
