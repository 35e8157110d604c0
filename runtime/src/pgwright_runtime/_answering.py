"""Whether a server that the app can do without answers."""

from __future__ import annotations

from logging import Logger
from typing import TYPE_CHECKING

from pgwright_runtime._publishing import Publisher
from pgwright_runtime.metrics import Metric

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class Answering:
    """Logs once that a server does not answer, with the reason, and when it answers again; publishes which it is.

    Args:
        name: of the server, as "the cache's server".
        otherwise: what happens while it does not, as "values are computed".
    """

    def __init__(self, log: Logger, name: str, otherwise: str) -> None:
        self._log, self._name, self._otherwise = log, name, otherwise
        self._is_up = True
        self._published: list[tuple[Publisher, Metric]] = []

    def publish(self, metric: Metric, registry: CollectorRegistry | None, *labels: str) -> None:
        """Set a gauge to 1 while it answers, or was not asked yet, and to 0 while it does not."""
        publisher = Publisher(registry, *labels)
        publisher.set(metric, self._is_up)
        self._published.append((publisher, metric))

    def heard(self) -> None:
        """Note that it answered."""
        if not self._is_up:
            self._change(is_up=True)
            self._log.warning("%s answers again", self._name)

    def failed(self, reason: object) -> None:
        """Note that it did not."""
        if self._is_up:
            self._change(is_up=False)
            self._log.warning("%s does not answer, so %s: %s", self._name, self._otherwise, reason)

    def _change(self, *, is_up: bool) -> None:
        self._is_up = is_up
        for publisher, metric in self._published:
            publisher.set(metric, is_up)
