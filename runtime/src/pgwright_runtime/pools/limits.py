"""Read from the server how many connections it takes."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypedDict, overload

from sqlalchemy import Connection, Engine, text

if TYPE_CHECKING:
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


@overload
def read_server_limits(engine: AsyncEngine) -> Coroutine[Any, Any, ServerLimits]: ...
@overload
def read_server_limits(engine: Engine) -> ServerLimits: ...
def read_server_limits(engine: AsyncEngine | Engine) -> Coroutine[Any, Any, ServerLimits] | ServerLimits:
    """Return the server's settings, by one query that only reads; of an async engine, await them.

    Raises: sqlalchemy.exc.DBAPIError: the server cannot be reached.
    """
    if not isinstance(engine, Engine):
        return _read_async(engine)
    with engine.connect() as connection:
        return _read(connection)


async def _read_async(engine: AsyncEngine) -> ServerLimits:
    async with engine.connect() as connection:
        return await connection.run_sync(_read)


def _read(connection: Connection) -> ServerLimits:
    most, for_superusers, reserved = connection.execute(_QUERY).one()
    return {
        "max_connections": most,
        "superuser_reserved_connections": for_superusers,
        "reserved_connections": reserved,
    }
