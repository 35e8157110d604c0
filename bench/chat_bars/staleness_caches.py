"""The caches that are compared, each with the invalidation that its documentation describes."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Protocol

from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncEngine

KEYS = 12
"""Rows of a tenant."""
Read = Callable[[str, int, int], Awaitable[int]]
"""Reads the number of a row: of a table, a tenant and a key."""


def row_id(owner: int, key: int) -> int:
    """Return the primary key of a row."""
    return owner * KEYS + key


class Contender(Protocol):
    def bind(self, engine: AsyncEngine, read: Read, tables: list[str]) -> Read:
        """Return the function, cached."""

    async def wrote(self, table: str) -> None:
        """Called after each COMMIT, where the cache does not see it by itself."""

    def hits(self) -> int: ...


class Ours:
    """Half of the reads are of their row, by its key, and the others of its whole table."""

    def __init__(self, url: str) -> None:
        from pgwright_runtime.caching import Cache, RedisStore
        from pgwright_runtime.tenancy import current_tenant

        self.cache = Cache(RedisStore(url, namespace="bench"), tenant=current_tenant.get)

    def bind(self, engine: AsyncEngine, read: Read, tables: list[str]) -> Read:
        from pgwright_runtime.caching import row

        self.cache.watch(engine)
        whole = {table: self.cache.cached(reads=[table], version=table)(read) for table in tables}

        async def read_row(table: str, tenant: int, key: int, own: int) -> int:
            return await read(table, tenant, key)

        rows = {table: self.cache.cached(reads=[row(table, by="own")], version=table)(read_row) for table in tables}

        async def read_either(table: str, tenant: int, key: int) -> int:
            if random.random() < 0.5:
                return await rows[table](table, tenant, key, row_id(tenant, key))
            return await whole[table](table, tenant, key)

        return read_either

    async def wrote(self, table: str) -> None:
        """It sees the transaction."""

    def hits(self) -> int:
        return sum(counts.hits for counts in self.cache.metrics.all().values())


class Cashews:
    """`@cache(ttl=, tags=)` and `cache.delete_tags()` after the COMMIT."""

    def __init__(self, url: str) -> None:
        from cashews import Cache

        self.cache = Cache()
        self.cache.setup(url, suppress=True, socket_timeout=0.1)
        self._calls = self._computed = 0

    def bind(self, engine: AsyncEngine, read: Read, tables: list[str]) -> Read:
        self.cache.register_tag("of:{table}", key_template="row:{table}:{tenant}:{key}")

        async def compute(table: str, tenant: int, key: int) -> int:
            self._computed += 1
            return await read(table, tenant, key)

        cached = self.cache(ttl="1h", key="row:{table}:{tenant}:{key}", tags=("of:{table}",))(compute)

        async def count(table: str, tenant: int, key: int) -> int:
            self._calls += 1
            value: int = await cached(table, tenant, key)
            return value

        return count

    async def wrote(self, table: str) -> None:
        await self.cache.delete_tags(f"of:{table}")

    def hits(self) -> int:
        return self._calls - self._computed


class Dogpile:
    """A region for each table, and `region.invalidate()` after the COMMIT; it is sync, and called in threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._regions: dict[str, Any] = {}
        self._calls = self._computed = 0

    def bind(self, engine: AsyncEngine, read: Read, tables: list[str]) -> Read:
        import asyncio

        from dogpile.cache import make_region
        from dogpile.cache.api import NO_VALUE

        for table in tables:
            region = make_region()
            region.configure("dogpile.cache.redis", expiration_time=3_600,
                             arguments={"url": self._url, "socket_timeout": 0.1})  # fmt: skip
            self._regions[table] = region

        async def count(table: str, tenant: int, key: int) -> int:
            self._calls += 1
            region, name = self._regions[table], f"{table}:{tenant}:{key}"
            value: object = NO_VALUE
            with suppress(RedisError):
                value = await asyncio.to_thread(region.get, name)
            if value is not NO_VALUE:
                return int(value)  # type: ignore[call-overload, no-any-return]
            self._computed += 1
            computed = await read(table, tenant, key)
            with suppress(RedisError):
                await asyncio.to_thread(region.set, name, computed)
            return computed

        return count

    async def wrote(self, table: str) -> None:
        self._regions[table].invalidate()

    def hits(self) -> int:
        return self._calls - self._computed


CONTENDERS: dict[str, Callable[[str], Contender]] = {"ours": Ours, "cashews": Cashews, "dogpile": Dogpile}
