"""What Prometheus gets of refreshes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgwright_runtime import metrics
from pgwright_runtime._publishing import family
from pgwright_runtime.materialized.results import RefreshResult

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class RefreshMetrics:
    """Publishes the moment of each view's data, the time that refreshes take, and those that fail.

    The age is `time() - pgwright_materialized_data_timestamp_seconds`: so it also grows while nothing refreshes.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Make the metrics; None as registry: prometheus_client's own. Raises ImportError: it is not installed."""
        self._data = family(metrics.MATERIALIZED_DATA, registry)
        self._seconds = family(metrics.MATERIALIZED_REFRESH, registry)
        self._failures = family(metrics.MATERIALIZED_FAILURES, registry)

    def observe(self, result: RefreshResult) -> None:
        """Count what became of one view."""
        failures = self._failures.labels(result.view)  # so that a view without failures has 0 of them
        if result.outcome == "failed":
            failures.inc()
        elif result.outcome == "refreshed":
            self._seconds.labels(result.view).observe(result.seconds)
        if result.data_at is not None:
            self._data.labels(result.view).set(result.data_at.timestamp())
