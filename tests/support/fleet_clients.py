"""What the tests of the fleet app ask with: clients of its two web apps, and whom they ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from fleet import data

SCALE = 0.01
LARGE_SCALE = 0.1
UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = b"a secret of the tests"
# The largest organization, a middling one, and the smallest.
TENANTS = (1, 3, data.MIN_ORGANIZATIONS)
UNKNOWN = 999_999


class Client(AsyncClient):
    """A client of one app, which it carries along."""

    app: FastAPI


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[Client]:
    async with app.router.lifespan_context(app), Client(transport=ASGITransport(app), base_url="http://app") as client:
        client.app = app
        yield client


def of(organization_id: object) -> dict[str, str]:
    return {"X-Organization-Id": str(organization_id)}


async def walk(client: AsyncClient, path: str, organization_id: int) -> list[list[dict[str, object]]]:
    """Return the pages of a list, following the links to the next one."""
    pages = []
    url: str | None = path
    while url:
        response = await client.get(url, headers=of(organization_id))
        assert response.status_code == 200, response.text
        pages.append(response.json())
        url = response.links.get("next", {}).get("url")
    return pages
