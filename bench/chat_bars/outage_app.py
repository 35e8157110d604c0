"""The app of the outage: a request inserts a row, and is answered 200 when that is committed."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pgwright_runtime import create_async_engine
from pgwright_runtime.resilience import Breaker, UnavailableMiddleware, run_transaction

INSERT = text("INSERT INTO messages (key) VALUES (:key)")
STATE = b"x-breaker"
engine = create_async_engine(os.environ["OUTAGE_URL"], pool_size=10, max_overflow=10)
breaker = Breaker("database")
breaker.protect(engine)


async def _insert(scope: Any, receive: Any, send: Any) -> None:
    async def work(session: AsyncSession) -> None:
        await session.execute(INSERT, {"key": int(parse_qs(scope["query_string"])[b"key"][0])})

    if scope["path"] != "/nothing":
        await run_transaction(engine, work)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


_guarded = UnavailableMiddleware(_insert)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Serve, and say in each answer how the breaker is."""

    async def send_with_state(message: Any) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (STATE, breaker.state.encode())]}
        await send(message)

    await _guarded(scope, receive, send_with_state)
