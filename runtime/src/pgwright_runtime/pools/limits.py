"""Read from the server how many connections it takes."""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import Connection, Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

# A server below version 16 has no reserved_connections.
_QUERY = text("""
    SELECT coalesce(max(setting::int) FILTER (WHERE name = 'max_connections'), 0),
           coalesce(max(setting::int) FILTER (WHERE name = 'superuser_reserved_connections'), 0),
           coalesce(max(setting::int) FILTER (WHERE name = 'reserved_connections'), 0)
    FROM pg_settings
    WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')
""")


class ServerLimits(TypedDict):
    """The server's settings, under the names that `PoolBudget` takes: `PoolBudget(**limits, processes=4)`."""

    max_connections: int
    superuser_reserved_connections: int
    reserved_connections: int


async def read_server_limits(engine: AsyncEngine) -> ServerLimits:
    """Return the server's settings, by one query that only reads.

    Raises: sqlalchemy.exc.DBAPIError: the server cannot be reached.
    """
    async with engine.connect() as connection:
        return await connection.run_sync(_read)


def read_server_limits_sync(engine: Engine) -> ServerLimits:
    """Return the server's settings, as `read_server_limits` does."""
    with engine.connect() as connection:
        return _read(connection)


def _read(connection: Connection) -> ServerLimits:
    most, for_superusers, reserved = connection.execute(_QUERY).one()
    return {
        "max_connections": most,
        "superuser_reserved_connections": for_superusers,
        "reserved_connections": reserved,
    }
