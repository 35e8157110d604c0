"""Limits on how often clients may call an app, and on how many calls run at the same time.

The stores that need other libraries are imported when they are used; all else needs none.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pgwright_runtime.limits.addresses import by_address
from pgwright_runtime.limits.asgi import BulkheadMiddleware, LimitMiddleware
from pgwright_runtime.limits.bulkhead import Bulkhead
from pgwright_runtime.limits.decisions import Decision
from pgwright_runtime.limits.errors import BulkheadFull, LimitError, LimitExceeded, LimitsUnavailable
from pgwright_runtime.limits.limiter import Limiter
from pgwright_runtime.limits.memory import MemoryCounts
from pgwright_runtime.limits.rules import Limit
from pgwright_runtime.limits.stores import Charge, CountStore, Standing

if TYPE_CHECKING:
    from pgwright_runtime.limits.limits_store import LibraryCounts
    from pgwright_runtime.limits.redis_store import RedisCounts

__all__ = [
    "Bulkhead",
    "BulkheadFull",
    "BulkheadMiddleware",
    "Charge",
    "CountStore",
    "Decision",
    "LibraryCounts",
    "Limit",
    "LimitError",
    "LimitExceeded",
    "LimitMiddleware",
    "Limiter",
    "LimitsUnavailable",
    "MemoryCounts",
    "RedisCounts",
    "Standing",
    "by_address",
]

_NEED_MORE = {
    "LibraryCounts": "pgwright_runtime.limits.limits_store",
    "RedisCounts": "pgwright_runtime.limits.redis_store",
}

# A checker would take any name for one of ours.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a store when it is used.

        Raises: ImportError: what it needs is not installed.
        """
        if name not in _NEED_MORE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_NEED_MORE[name]), name)
