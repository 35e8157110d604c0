"""The pool's state for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

from sqlalchemy import Engine, event

from pgwright_runtime import metrics
from pgwright_runtime._alchemy import sync_engine
from pgwright_runtime._publishing import family
from pgwright_runtime.metrics import Metric
from pgwright_runtime.pools.watched import PoolObserver, WatchedPool, watched_pool

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from sqlalchemy.ext.asyncio import AsyncEngine


class PoolMetrics(PoolObserver):
    """Publish one engine's pool: `pgwright_runtime.metrics.POOL`, with the label `pool`, whose value is `name`.

    The gauges are read when Prometheus asks. prometheus_client's multiprocess mode knows no such gauges: there, only
    `waiting`, the counters and the histogram are published.
    """

    def __init__(
        self, engine: Engine | AsyncEngine, *, name: str = "default", registry: CollectorRegistry | None = None
    ) -> None:
        """Begin to publish.

        Args:
            engine: one of `create_engine` or `create_async_engine`.
            name: the label's value; each engine of a process needs its own.
            registry: where to publish; None: prometheus_client's `REGISTRY`.
        Raises:
            ImportError: prometheus_client is not installed.
            ValueError: the engine's pool cannot be observed, or the registry has a pool of this name.
        """
        pool = watched_pool(engine)
        families = _families(registry)
        if name in families.names:
            raise ValueError(f"the registry has a pool named {name!r} already; give each engine a name of its own")
        families.names.add(name)
        self._waiting = families.gauges[metrics.POOL_WAITING].labels(name)
        self._wait_seconds = families.wait_seconds.labels(name)
        self._timeouts = families.counters[metrics.POOL_TIMEOUTS].labels(name)
        opened = families.counters[metrics.POOL_OPENED].labels(name)
        invalidated = families.counters[metrics.POOL_INVALIDATED].labels(name)
        target = sync_engine(engine)
        for gauge, reading in _READINGS.items():
            families.gauges[gauge].labels(name).set_function(_reader(target, reading))
        # On the engine, not the pool: they outlive its dispose().
        event.listen(target, "connect", lambda *_: opened.inc())
        event.listen(target, "invalidate", lambda *_: invalidated.inc())
        event.listen(target, "soft_invalidate", lambda *_: invalidated.inc())
        pool.observers.append(self)

    def asked(self) -> None:
        self._waiting.inc()

    def answered(self, wait_s: float, *, in_time: bool) -> None:
        self._waiting.dec()
        self._wait_seconds.observe(wait_s)
        if not in_time:
            self._timeouts.inc()


_Reading = Callable[[WatchedPool], float]
_READINGS: dict[Metric, _Reading] = {
    metrics.POOL_SIZE: lambda pool: pool.pool_size,
    metrics.POOL_LIMIT: lambda pool: pool.limit,
    metrics.POOL_CHECKED_OUT: lambda pool: pool.checkedout(),
    metrics.POOL_IDLE: lambda pool: pool.checkedin(),
    metrics.POOL_OVERFLOW: lambda pool: max(0, pool.overflow()),  # SQLAlchemy counts from -pool_size
}


def _reader(engine: Engine, reading: _Reading) -> Callable[[], float]:
    weak = ref(engine)  # the registry lives for ever

    def read() -> float:
        target = weak()
        return 0.0 if target is None else reading(watched_pool(target))

    return read


class _Families:
    """The metrics of one registry, which all pools share."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        self.names: set[str] = set()
        self.gauges = {metric: family(metric, registry) for metric in metrics.POOL if metric.kind == "gauge"}
        self.counters = {metric: family(metric, registry) for metric in metrics.POOL if metric.kind == "counter"}
        self.wait_seconds = family(metrics.POOL_WAIT, registry)


_known: WeakKeyDictionary[CollectorRegistry, _Families] = WeakKeyDictionary()


def _families(registry: CollectorRegistry | None) -> _Families:
    from prometheus_client import REGISTRY

    target = REGISTRY if registry is None else registry
    if target not in _known:
        _known[target] = _Families(target)
    return _known[target]
