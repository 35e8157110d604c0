"""The pool's state for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, ref

from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine

from pgwright_runtime.pools.watched import PoolObserver, WatchedPool, watched_pool

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

# Seconds: from a queue that is not felt to longer than anybody waits for a page.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class PoolMetrics(PoolObserver):
    """Publish one engine's pool. All metrics have one label, `pool`, whose value is `name`.

    | metric | kind | meaning |
    |---|---|---|
    | `pgwright_pool_size` | gauge | connections that the pool keeps open at most |
    | `pgwright_pool_limit` | gauge | connections that it opens at most: `pool_size + max_overflow` |
    | `pgwright_pool_checked_out` | gauge | connections in use |
    | `pgwright_pool_idle` | gauge | open connections that nobody uses |
    | `pgwright_pool_overflow` | gauge | open connections beyond the size |
    | `pgwright_pool_waiting` | gauge | requests that have asked for a connection and have none yet |
    | `pgwright_pool_wait_seconds` | histogram | how long a connection was waited for, timeouts and errors included |
    | `pgwright_pool_timeouts_total` | counter | requests that got none in time |
    | `pgwright_pool_connections_opened_total` | counter | connections opened |
    | `pgwright_pool_connections_invalidated_total` | counter | connections found broken and given up |

    The gauges are read when Prometheus asks. prometheus_client's multiprocess mode knows no such gauges: there, only
    `waiting`, the counters and the histogram are published.
    """

    def __init__(
        self, engine: Engine | AsyncEngine, *, name: str = "default", registry: CollectorRegistry | None = None
    ) -> None:
        """Begin to publish.

        Args:
            engine: one of `create_engine` or `create_sync_engine`.
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
        self._waiting = families.gauges["waiting"].labels(name)
        self._wait_seconds = families.wait_seconds.labels(name)
        self._timeouts = families.timeouts.labels(name)
        opened, invalidated = families.opened.labels(name), families.invalidated.labels(name)
        target = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
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
_READINGS: dict[str, _Reading] = {
    "size": lambda pool: pool.pool_size,
    "limit": lambda pool: pool.limit,
    "checked_out": lambda pool: pool.checkedout(),
    "idle": lambda pool: pool.checkedin(),
    "overflow": lambda pool: max(0, pool.overflow()),  # SQLAlchemy counts from -pool_size
}


def _reader(engine: Engine, reading: _Reading) -> Callable[[], float]:
    weak = ref(engine)  # the registry lives for ever

    def read() -> float:
        target = weak()
        return 0.0 if target is None else reading(watched_pool(target))

    return read


class _Families:
    """The metrics of one registry, which all pools share."""

    def __init__(self, registry: CollectorRegistry) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        common: dict[str, Any] = {"labelnames": ("pool",), "namespace": "pgwright", "subsystem": "pool"}
        common["registry"] = registry
        self.names: set[str] = set()
        self.gauges = {
            gauge: Gauge(gauge, meaning, **common)
            for gauge, meaning in {
                "size": "Connections that the pool keeps open at most.",
                "limit": "Connections that the pool opens at most.",
                "checked_out": "Connections in use.",
                "idle": "Open connections that nobody uses.",
                "overflow": "Open connections beyond the pool's size.",
                "waiting": "Requests that have asked for a connection and have none yet.",
            }.items()
        }
        self.wait_seconds = Histogram(
            "wait_seconds", "How long a connection was waited for.", buckets=_BUCKETS, **common
        )
        self.timeouts = Counter("timeouts", "Requests that got no connection in time.", **common)
        self.opened = Counter("connections_opened", "Connections opened.", **common)
        self.invalidated = Counter("connections_invalidated", "Connections found broken and given up.", **common)


_known: WeakKeyDictionary[CollectorRegistry, _Families] = WeakKeyDictionary()


def _families(registry: CollectorRegistry | None) -> _Families:
    from prometheus_client import REGISTRY

    target = REGISTRY if registry is None else registry
    if target not in _known:
        _known[target] = _Families(target)
    return _known[target]
