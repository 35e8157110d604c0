"""Caches that are never stale: values hold until a transaction that changed what they were made from is committed."""

from __future__ import annotations

try:
    from pgwright_runtime.caching.cache import Cache
    from pgwright_runtime.caching.codecs import BYTES, JSON, Codec, float32, pydantic
    from pgwright_runtime.caching.errors import CacheWarning, NotWatched
    from pgwright_runtime.caching.memory import MemoryStore
    from pgwright_runtime.caching.metrics import CacheMetrics, CallCounts
    from pgwright_runtime.caching.redis_store import RedisStore
    from pgwright_runtime.caching.rows import row
    from pgwright_runtime.caching.settings import Lifetimes
    from pgwright_runtime.caching.stores import Store
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] not in ("cachetools", "redis"):
        raise
    raise ImportError(f"caches need {error.name}. Run: pip install 'pgwright-runtime[caching]'") from error

__all__ = [
    "BYTES",
    "JSON",
    "Cache",
    "CacheMetrics",
    "CacheWarning",
    "CallCounts",
    "Codec",
    "Lifetimes",
    "MemoryStore",
    "NotWatched",
    "RedisStore",
    "Store",
    "float32",
    "pydantic",
    "row",
]
