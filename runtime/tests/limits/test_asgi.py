"""Limits around an app, by uvicorn and in-process."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from pgwright_runtime._asgi import ASGIApp, Message, Receive, Scope, Send
from pgwright_runtime.limits import Bulkhead, BulkheadFull, BulkheadMiddleware, Limiter, LimitMiddleware, by_address
from runtime.tests.support.limits_site import limit


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/slow":
        await asyncio.sleep(0.2)
    if scope["path"] == "/full":
        raise BulkheadFull("one of the app's own", 1)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"hello"})


def client(app: ASGIApp) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app), base_url="https://app.example")


async def test_every_answer_says_how_things_stand() -> None:
    async with client(LimitMiddleware(hello, Limiter(limit(1)))) as http:
        allowed, refused = await http.get("/"), await http.get("/")
    assert (allowed.status_code, allowed.text, allowed.headers["x-own"]) == (200, "hello", "1")
    assert allowed.headers["ratelimit-policy"] == '"all";q=1;w=60'
    assert allowed.headers["ratelimit"] in ('"all";r=0;t=60', '"all";r=0;t=61')
    assert "retry-after" not in allowed.headers
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["ratelimit-policy"] == '"all";q=1;w=60'
    after_s = int(refused.headers["retry-after"])
    assert after_s in (60, 61)
    assert refused.json() == {
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Too Many Requests",
        "status": 429,
        "detail": f"the limit 'all' is reached; try again in {after_s} s",
        "violated-policies": ["all"],
    }


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
async def test_what_is_no_http_request_passes_through(kind: str) -> None:
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope["type"], receive, send))

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        """Nobody sends."""

    bulkhead = Bulkhead(1)
    async with bulkhead:
        limited = LimitMiddleware(BulkheadMiddleware(app, bulkhead), Limiter(limit(1)))
        for _ in range(3):
            await limited({"type": kind}, receive, send)
    assert seen == [(kind, receive, send)] * 3


async def test_a_full_bulkhead_answers_503_at_once() -> None:
    bulkhead = Bulkhead(1, name="reports")
    app = BulkheadMiddleware(hello, bulkhead, applies=lambda scope: scope["path"] != "/free")
    async with client(app) as http, bulkhead:
        refused, free = await http.get("/"), await http.get("/free")
    assert (refused.status_code, free.status_code) == (503, 200)
    assert refused.headers["retry-after"] == "1"
    assert refused.json() == {
        "type": "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "'reports' is at work to its limit",
        "violated-policies": ["reports"],
    }


async def test_a_bulkhead_inside_of_the_app_is_the_apps_to_answer() -> None:
    bulkhead = Bulkhead(1)
    async with client(BulkheadMiddleware(hello, bulkhead)) as http:
        with pytest.raises(BulkheadFull, match="of the app's own"):
            await http.get("/full")
        assert (await http.get("/")).status_code == 200
    assert bulkhead.running == 0


async def test_middleware_is_added_as_others_are() -> None:
    app = FastAPI()
    app.add_middleware(LimitMiddleware, limiter=Limiter(limit(1)))
    app.add_middleware(BulkheadMiddleware, bulkhead=Bulkhead(2))
    async with client(app) as http:
        assert [(await http.get("/docs")).status_code for _ in range(2)] == [200, 429]


@contextmanager
def served(app: ASGIApp, *, rewrites: bool) -> Iterator[str]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    config = uvicorn.Config(app, port=port, lifespan="off", log_level="error", ws="none", proxy_headers=rewrites)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("rewrites", [False, True])
def test_uvicorn_serves_it_past_a_trusted_proxy_whether_it_rewrites_the_peer_or_not(rewrites: bool) -> None:
    limiter = Limiter(limit(1, by=by_address(["127.0.0.0/8"])))
    with served(LimitMiddleware(hello, limiter), rewrites=rewrites) as url:
        statuses = [
            httpx.get(url, headers={"x-forwarded-for": chain}).status_code
            for chain in ("203.0.113.7", "6.6.6.6, 203.0.113.7", "203.0.113.8")
        ]
    assert statuses == [200, 429, 200]
