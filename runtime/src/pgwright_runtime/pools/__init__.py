"""The app's connection pools: what they may be, how they fare, and who keeps a connection.

    PoolBudget        how many connections each process may open, with the arithmetic
    PoolMetrics       for Prometheus: checked out, waiting, wait time, timeouts
    StatementMetrics  for Prometheus: how long the statements take
    LeakFinder        names the line that keeps a connection

`pgwright_runtime.create_engine` and `create_async_engine` make the pools that these look at.
"""

from pgwright_runtime.pools.budget import OnExcess, PoolBudget, PoolBudgetWarning, PoolOverBudget
from pgwright_runtime.pools.fork import dispose_after_fork
from pgwright_runtime.pools.leaks import Leak, LeakFinder, LeakState
from pgwright_runtime.pools.limits import ServerLimits, read_server_limits
from pgwright_runtime.pools.metrics import PoolMetrics
from pgwright_runtime.pools.pooler import Pooler
from pgwright_runtime.pools.statements import StatementMetrics
from pgwright_runtime.pools.watched import AsyncWatchedPool, PoolObserver, WatchedPool

__all__ = [
    "AsyncWatchedPool",
    "Leak",
    "LeakFinder",
    "LeakState",
    "OnExcess",
    "PoolBudget",
    "PoolBudgetWarning",
    "PoolMetrics",
    "PoolObserver",
    "PoolOverBudget",
    "Pooler",
    "ServerLimits",
    "StatementMetrics",
    "WatchedPool",
    "dispose_after_fork",
    "read_server_limits",
]
