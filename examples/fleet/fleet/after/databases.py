"""The app's ways to the data: the primary, and a replica for what only reads; each for one tenant at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from fleet.address import to_url
from pgwright_runtime import create_async_engine
from pgwright_runtime.replicas import AsyncReplicas
from pgwright_runtime.tenancy import for_tenants


@dataclass(frozen=True)
class Databases:
    """One pool for each server."""

    replicas: AsyncReplicas
    """Its sessions send nothing without a tenant."""
    primary: AsyncEngine
    """Bound to no tenant: for what is done for all of them."""
    replica: AsyncEngine | None

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch how far the replica is while the block runs, and close all connections after it."""
        try:
            async with self.replicas:
                yield
        finally:
            for engine in (self.primary, self.replica):
                if engine is not None:
                    await engine.dispose()


def open_databases(
    url: str | URL, replica_url: str | URL | None, *, secret: bytes, pool_size: int, max_overflow: int
) -> Databases:
    """Return the pools, which connect when they are first used; without a replica the primary serves all."""

    def pool(address: str | URL) -> AsyncEngine:
        asyncpg = to_url(address, "asyncpg")
        return create_async_engine(asyncpg, pool_size=pool_size, max_overflow=max_overflow, application_name="fleet")

    primary, replica = pool(url), pool(replica_url) if replica_url else None
    replicas = AsyncReplicas(for_tenants(primary), [for_tenants(replica)] if replica else [], secret=secret)
    return Databases(replicas, primary, replica)
