"""How long statements take, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import Engine
from sqlalchemy.engine import Dialect

from pgwright_runtime._alchemy import is_initialization, sync_engine
from pgwright_runtime._publishing import family
from pgwright_runtime.metrics import STATEMENT_SECONDS

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from sqlalchemy.ext.asyncio import AsyncEngine

_timed: WeakSet[Dialect] = WeakSet()
_lock = Lock()


class StatementMetrics:
    """Publish how long an engine's statements take: `pgwright_runtime.metrics.STATEMENTS`, with the label `pool`.

    From when the driver gets a statement until its rows can be read, or until its error; an `executemany` is one. It
    stands in the methods of the engine's dialect: the events around a cursor cost several times as much.
    """

    def __init__(
        self, engine: Engine | AsyncEngine, *, name: str = "default", registry: CollectorRegistry | None = None
    ) -> None:
        """Begin to publish.

        Args:
            engine: one of `create_engine` or `create_async_engine`, SQLAlchemy's or ours.
            name: the label's value, as that of `PoolMetrics`; engines with one name are counted together.
            registry: where to publish; None: prometheus_client's `REGISTRY`.
        Raises:
            ImportError: prometheus_client is not installed.
            ValueError: the engine's statements are published already.
        """
        self._observe: Callable[[float], None] = family(STATEMENT_SECONDS, registry).labels(name).observe
        dialect: Any = sync_engine(engine).dialect
        with _lock:
            if dialect in _timed:
                raise ValueError("the engine's statements are published already")
            _timed.add(dialect)
        for method in ("do_execute", "do_executemany", "do_execute_no_params"):
            setattr(dialect, method, self._around(getattr(dialect, method)))

    def _around(self, run: Callable[..., None]) -> Callable[..., None]:
        observe = self._observe

        def execute(*arguments: Any) -> None:
            start = perf_counter()
            try:
                run(*arguments)
            finally:
                if not is_initialization(arguments[-1]):
                    observe(perf_counter() - start)

        return execute
