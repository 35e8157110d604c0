"""Keep a forked child from using its parent's connections."""

from __future__ import annotations

import os
from weakref import WeakSet

from sqlalchemy import Engine, Pool
from sqlalchemy.ext.asyncio import AsyncEngine

from pgwright.runtime.pools.watched import WatchedPool

_engines: WeakSet[Engine] = WeakSet()
# The parent's pools. They must not be collected in the child: asyncpg's connections would then take their sockets
# out of the event loop's selector, and epoll shares that with the parent.
_left_to_the_parent: list[Pool] = []


def dispose_after_fork(engine: Engine | AsyncEngine) -> None:
    """Give the engine an empty pool in every child that this process forks.

    The parent's connections stay open, and stay the parent's. `create_engine` and `create_sync_engine` have done this
    already. A connection or session that is in use at the fork still belongs to the parent: do not use it in the child.

    Source: SQLAlchemy, Using Connection Pools with Multiprocessing or os.fork()
    (https://docs.sqlalchemy.org/en/20/core/pooling.html#pooling-multiprocessing).
    """
    _engines.add(engine.sync_engine if isinstance(engine, AsyncEngine) else engine)


def _begin_anew() -> None:
    for engine in list(_engines):
        pool = engine.pool
        _left_to_the_parent.append(pool)
        engine.dispose(close=False)
        if isinstance(pool, WatchedPool):
            for observer in pool.observers:
                observer.forked()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_begin_anew)
