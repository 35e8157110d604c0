"""Limits and bulkheads around any ASGI app; what is no HTTP request passes through."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from pgwright_runtime._asgi import ASGIApp, Message, Receive, Scope, Send
from pgwright_runtime.limits.bulkhead import Bulkhead
from pgwright_runtime.limits.errors import BulkheadFull, LimitError
from pgwright_runtime.limits.limiter import Limiter


class LimitMiddleware:
    """Counts each HTTP request, and answers those that are not let in with 429 or 503.

    Every answer has the fields `RateLimit-Policy` and `RateLimit`, a refusal `Retry-After` as well, and a body of type
    `application/problem+json`.

    >>> from fastapi import FastAPI
    >>> from pgwright_runtime.limits import Limit, by_address
    >>> app = FastAPI()
    >>> app.add_middleware(LimitMiddleware, limiter=Limiter(Limit(requests=100, seconds=60, by=by_address())))
    """

    def __init__(self, app: ASGIApp, limiter: Limiter) -> None:
        self._app, self._limiter = app, limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        decision = await self._limiter.decide(scope)
        if not decision.is_allowed:
            await refuse(decision.refusal(), send)
            return
        own = encoded(decision.fields)

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            await send(message)

        await self._app(scope, receive, send_with_fields if own else send)


class BulkheadMiddleware:
    """Lets HTTP requests into a bulkhead, and answers those that find no place with 503.

    Args:
        app: the ASGI app.
        bulkhead: as in `app.add_middleware(BulkheadMiddleware, bulkhead=bulkhead)`.
        applies: whether a request, by its scope, needs a place; None: each one does.
    """

    def __init__(self, app: ASGIApp, bulkhead: Bulkhead, applies: Callable[[Scope], bool] | None = None) -> None:
        self._app, self._bulkhead, self._applies = app, bulkhead, applies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (self._applies is not None and not self._applies(scope)):
            await self._app(scope, receive, send)
            return
        is_inside = False
        try:
            async with self._bulkhead:
                is_inside = True
                await self._app(scope, receive, send)
        except BulkheadFull as error:
            if is_inside:
                raise  # one inside of the app, which is the app's to answer
            await refuse(error, send)


def encoded(fields: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return header fields as ASGI has them."""
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in fields]


async def refuse(error: LimitError, send: Send) -> None:
    """Send the answer to a request that is not let in."""
    body = json.dumps(error.problem).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode("ascii")),
        *encoded(error.fields),
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
