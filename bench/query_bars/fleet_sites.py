"""The fleet app before and after the fix, over databases of their own: called in-process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncEngine

from fleet import schema
from fleet.address import as_app
from fleet.after.app import create_app as create_after
from fleet.before.app import create_app as create_before
from fleet.data import prepare
from pgwright.embedded import EmbeddedServer

BEFORE, AFTER = "fleet_before", "fleet_after"
SECRET = b"for measuring only"


@dataclass(frozen=True)
class Site:
    """One of the two apps over its database, called in-process."""

    app: FastAPI
    client: AsyncClient
    engine: AsyncEngine

    async def get(self, url: str, organization_id: int) -> Response:
        response = await self.client.get(url, headers=of(organization_id))
        return response.raise_for_status()


def of(organization_id: int) -> dict[str, str]:
    return {"X-Organization-Id": str(organization_id)}


def load(server: EmbeddedServer, scale: float) -> None:
    server.create_database(BEFORE)
    prepare(server.url(BEFORE), scale, "0001")
    server.create_database(AFTER, template=BEFORE)
    schema.upgrade(server.url(AFTER))
    with server.admin(AFTER) as connection:
        connection.execute("VACUUM (ANALYZE)")


@asynccontextmanager
async def open_before(server: EmbeddedServer) -> AsyncIterator[Site]:
    app = create_before(server.url(BEFORE), pool_size=2, max_overflow=0)
    async with app.router.lifespan_context(app), _client(app) as client:
        yield Site(app, client, app.state.engine)


@asynccontextmanager
async def open_after(server: EmbeddedServer) -> AsyncIterator[Site]:
    app = create_after(as_app(server.url(AFTER)), secret=SECRET, pool_size=2, max_overflow=0)
    async with app.router.lifespan_context(app), _client(app) as client:
        yield Site(app, client, app.state.databases.primary)


def _client(app: FastAPI) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app), base_url="http://app")
