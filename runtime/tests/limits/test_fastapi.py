"""Limits and bulkheads of single endpoints."""

from __future__ import annotations

import asyncio

from fastapi import Depends, FastAPI
from httpx import ASGITransport, AsyncClient

from pgwright_runtime.limits import Bulkhead, Limiter
from pgwright_runtime.limits.fastapi import answer_refusals, limited, placed
from runtime.tests.support.limits_site import limit


def client(app: FastAPI) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app), base_url="https://app.example")


async def test_an_endpoint_has_limits_of_its_own() -> None:
    app = FastAPI()
    answer_refusals(app)

    @app.get("/search", dependencies=[Depends(limited(Limiter(limit(1, name="searches"))))])
    async def search() -> list[str]:
        return []

    @app.get("/free")
    async def free() -> list[str]:
        return []

    async with client(app) as http:
        allowed, refused, other = await http.get("/search"), await http.get("/search"), await http.get("/free")
    assert (allowed.status_code, allowed.headers["ratelimit-policy"]) == (200, '"searches";q=1;w=60')
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["ratelimit"].startswith('"searches";r=0;t=6')
    assert int(refused.headers["retry-after"]) >= 60
    assert refused.json()["violated-policies"] == ["searches"]
    assert (other.status_code, "ratelimit" in other.headers) == (200, False)


async def test_several_limiters_each_add_their_fields() -> None:
    app = FastAPI()
    dependencies = [Depends(limited(Limiter(limit(9, name=name)))) for name in ("one", "other")]

    @app.get("/", dependencies=dependencies)
    async def root() -> None:
        pass

    async with client(app) as http:
        fields = (await http.get("/")).headers.get_list("ratelimit-policy")
    assert fields == ['"one";q=9;w=60', '"other";q=9;w=60']


async def test_a_slow_endpoint_holds_its_places_only() -> None:
    app, bulkhead, gate = FastAPI(), Bulkhead(1, name="reports"), asyncio.Event()
    answer_refusals(app)

    @app.get("/report", dependencies=[Depends(placed(bulkhead))])
    async def report() -> str:
        await gate.wait()
        return "done"

    async with client(app) as http:
        slow = asyncio.create_task(http.get("/report"))
        while not bulkhead.running:
            await asyncio.sleep(0.01)
        refused = await http.get("/report")
        gate.set()
        assert (await slow).json() == "done"
        assert (await http.get("/report")).status_code == 200
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert bulkhead.running == 0
