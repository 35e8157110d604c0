"""Keep a forked child from using its parent's connections."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import WeakSet

from sqlalchemy import Engine, Pool, exc
from sqlalchemy.pool import PoolProxiedConnection

from pgwright_runtime._alchemy import sync_engine, take_connection
from pgwright_runtime.pools.watched import WatchedPool

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_engines: WeakSet[Engine] = WeakSet()
# The parent's pools and connections. They must not be collected in the child: asyncpg's connections would then take
# their sockets out of the event loop's selector, and epoll shares that with the parent.
_left_to_the_parent: list[Pool | Any] = []


def dispose_after_fork(engine: Engine | AsyncEngine) -> None:
    """Give the engine an empty pool in every child that this process forks.

    The parent's connections stay open, and stay the parent's. `create_engine` and `create_async_engine` have done this
    already. A connection or session that is in use at the fork still belongs to the parent: in the child it raises
    `sqlalchemy.exc.StatementError` when it executes something, and closing it there does nothing.

    Source: SQLAlchemy, Using Connection Pools with Multiprocessing or os.fork()
    (https://docs.sqlalchemy.org/en/20/core/pooling.html#pooling-multiprocessing).
    """
    _engines.add(sync_engine(engine))


class _OfParent:
    """Stands in a child for a driver's connection that its parent is using: both would write to one socket."""

    def rollback(self) -> None: ...

    def close(self) -> None: ...

    def terminate(self) -> None: ...

    def __getattr__(self, name: str) -> NoReturn:
        raise exc.InvalidRequestError(
            f"this connection was opened before the fork and belongs to process {os.getppid()}; in process "
            f"{os.getpid()} open a session or connection of its own"
        )


def _take_away(pool: Pool) -> None:
    """Put a stand-in for each connection of the parent's pool that is in use."""
    for found in gc.get_objects():
        # Not isinstance(): it asks an object's __class__, which some lazy proxies compute.
        if issubclass(type(found), PoolProxiedConnection):
            _left_to_the_parent.append(take_connection(found, pool, _OfParent()))


def _begin_anew() -> None:
    for engine in list(_engines):
        pool = engine.pool
        _left_to_the_parent.append(pool)
        if getattr(pool, "checkedout", lambda: 1)():
            _take_away(pool)
        engine.dispose(close=False)
        if isinstance(pool, WatchedPool):
            for observer in pool.observers:
                observer.forked()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_begin_anew)
