"""What the web apps before and after share: tokens, the widget's files, the longest body, the stream of an answer."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Header, HTTPException
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, HTMLResponse
from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.views import Reply

LONGEST_BODY = 64 * 1024
PING = b": ping\n\n"
_WIDGET = Path(__file__).parent / "widget"
_WORDS_AT_A_TIME = 4
# Text that is shown is never markup; what else could run, the page's policy forbids.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "require-trusted-types-for 'script'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Ask the documentation</title><meta name="viewport" content="width=device-width">
<script src="/widget.js" defer data-title="Ask the documentation"></script></head>
<body><main><h1>Ask the documentation</h1><p>The button asks about pgwright and PostgreSQL.</p></main></body>
</html>
"""

files = APIRouter(include_in_schema=False)

# A client that lost the connection sends the same question again under the same key.
IdempotencyKey = Annotated[UUID, Header(alias="Idempotency-Key")]


@files.get("/")
async def show_page() -> HTMLResponse:
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": POLICY})


@files.get("/widget.js")
async def send_script() -> FileResponse:
    return FileResponse(_WIDGET / "widget.js", headers={"Cache-Control": "public, max-age=300"})


@files.get("/widget.css")
async def send_style() -> FileResponse:
    return FileResponse(_WIDGET / "widget.css", headers={"Cache-Control": "public, max-age=300"})


def new_token() -> str:
    return secrets.token_urlsafe(32)


def session_id_of(token: str) -> str:
    """Return what is stored of a token: who reads the table cannot speak for its visitors."""
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


async def read_session_id(authorization: Annotated[str, Header()] = "") -> str:
    """Return the session of the request's token. Raises: HTTPException: 401, it has none."""
    scheme, _, token = authorization.partition(" ")
    if scheme.casefold() != "bearer" or not token:
        raise HTTPException(401, "no session", {"WWW-Authenticate": "Bearer"})
    return session_id_of(token.strip())


def events(reply: Reply) -> Iterator[bytes]:
    """Yield the answer a few words at a time, then whom it cites."""
    words = re.findall(r"\S+\s*", reply.text)
    for first in range(0, len(words), _WORDS_AT_A_TIME):
        yield event("text", {"text": "".join(words[first : first + _WORDS_AT_A_TIME])})
    yield event("citations", [citation.model_dump() for citation in reply.citations])
    yield event("done", {})


def event(name: str, data: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """Return a server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data, default=str)}\n\n".encode()


class BodyLimit:
    """Answers 413 to a request whose body is longer than 64 kB, of which it reads no more than that."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        left = LONGEST_BODY

        async def receive_some() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, f"a request has {LONGEST_BODY} bytes at most")
            return message

        await self._app(scope, receive_some, send)


class RequestTimes:
    """Publishes how long requests take until their answers begin, by endpoint and status."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._seconds = Histogram(
            "chat_request_seconds",
            "How long a request took until its answer began.",
            ("endpoint", "status"),
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                endpoint = getattr(scope.get("route"), "path", "none")
                self._seconds.labels(endpoint, str(message["status"])).observe(time.monotonic() - began)
            await send(message)

        await self._app(scope, receive, send_and_note)


def allow_origins(app: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of these origins ask; it goes around all other middleware, so that they may read refusals, too."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
        expose_headers=["Retry-After"],
    )
