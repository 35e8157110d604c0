"""A store in this process, for an app that is one process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING

from cachetools import TLRUCache

from pgwright_runtime._background import Runner
from pgwright_runtime.caching.stores import Look

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_Entry = tuple[bytes, bytes, float]
"""Stamp, payload, and when it ends on the monotonic clock."""

# What Python needs for a key and an entry beside their bytes.
_OVERHEAD_BYTES = 300
# Of tables, and of rows that were asked for; what is beyond it makes values invalid.
_MOST_VERSIONS = 100_000


class MemoryStore:
    """Keeps values in this process, the most recently used up to a size.

    Another process would not know what this one invalidates. Where an app has several, as behind `uvicorn --workers`,
    use it for functions that read no table only, or use `RedisStore`.

    Args:
        max_bytes: of all values together, with their keys.
    """

    def __init__(self, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._lock = Lock()
        self._entries: TLRUCache[str, _Entry] = TLRUCache(max_bytes, ttu=_end, timer=time.monotonic, getsizeof=_size)
        self._numbers = count(1)
        self._versions: OrderedDict[str, int] = OrderedDict()
        self._flights: dict[str, float] = {}

    def look(self, key: str, tags: Sequence[str], flight_s: float, waits: Runner) -> Look:
        now = time.monotonic()
        with self._lock:
            stamp = self._stamp(tags)
            entry = self._entries.get(key)
            if entry is not None and entry[0] == stamp:
                return Look(stamp, entry[1], entry[2] - now)
            leads = self._flights.get(key, 0.0) <= now
            if leads and flight_s:
                self._flights[key] = now + flight_s
            return Look(stamp, None, leads=leads)

    def keep(self, key: str, tags: Sequence[str], stamp: bytes, payload: bytes, ttl_s: float, waits: Runner) -> None:
        with self._lock:
            self._flights.pop(key, None)
            if self._stamp(tags) != stamp:
                return
            entry = (stamp, payload, time.monotonic() + ttl_s)
            if _size(entry) <= self._entries.maxsize:
                self._entries[key] = entry

    def leave(self, key: str, waits: Runner) -> None:
        with self._lock:
            self._flights.pop(key, None)

    def drop(self, tags: Sequence[str], waits: Runner) -> None:
        with self._lock:
            for tag in tags:
                self._versions.pop(tag, None)

    def drops(self, table: str) -> bool:
        return True

    def caches(self, tables: Sequence[str]) -> bool:
        return True

    def publish(self, registry: CollectorRegistry) -> None:
        """Do nothing: it has no server."""

    def close(self) -> None:
        with self._lock:
            self._entries.clear()

    async def aclose(self) -> None:
        """There are none."""

    def _stamp(self, tags: Sequence[str]) -> bytes:
        return ",".join(str(self._version(tag)) for tag in tags).encode()

    def _version(self, tag: str) -> int:
        found = self._versions.get(tag)
        if found is not None:
            self._versions.move_to_end(tag)
            return found
        if len(self._versions) >= _MOST_VERSIONS:
            self._versions.popitem(last=False)
        return self._versions.setdefault(tag, next(self._numbers))


def _end(key: str, entry: _Entry, now: float) -> float:
    return entry[2]


def _size(entry: _Entry) -> int:
    return len(entry[0]) + len(entry[1]) + _OVERHEAD_BYTES
