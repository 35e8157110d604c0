"""What batches do, for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgwright_runtime import metrics
from pgwright_runtime._publishing import family
from pgwright_runtime.batches.pauses import CAUSES, Cause

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class BatchMetrics:
    """Publishes `pgwright_runtime.metrics.BATCHES`.

    Raises: ImportError: prometheus_client is not installed.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._rows = family(metrics.BATCH_ROWS, registry)
        self._seconds = family(metrics.BATCH_SECONDS, registry)
        self._waiting = family(metrics.BATCH_WAITING, registry)
        self._finished = family(metrics.BATCH_FINISHED, registry)

    def did(self, job: str, rows: int, seconds: float) -> None:
        """Count a batch."""
        self._rows.labels(job).inc(rows)
        self._seconds.labels(job).observe(seconds)

    def waits(self, cause: Cause | None) -> None:
        """Tell what is waited for now; None: nothing."""
        for known in CAUSES:
            self._waiting.labels(known).set(known == cause)

    def finished(self, job: str) -> None:
        """Note that a job ended with nothing left to do."""
        self._finished.labels(job).set_to_current_time()
