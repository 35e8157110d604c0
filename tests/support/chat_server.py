"""A chat app on loopback that keeps the widget's contract, and breaks it where a test says so."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

WIDGET = Path(__file__).parents[2] / "examples" / "chat" / "chat" / "widget"
FILES = ("widget.js", "widget.css")
PAGE_ITEMS = 50
CONVERSATION = "6f1c0a52-95b7-4c1e-8f0e-0a4c5b9d2e11"
_CITATIONS = ({"title": "Handbook", "url": "https://docs.test/handbook", "passage": "Leave is 30 days."},)


@dataclass(frozen=True)
class Asked:
    """A question as it came."""

    question: str
    conversation: str | None
    key: str
    token: str


@dataclass
class ChatServer:
    """What the chat answers, what goes wrong on the way, and what it was asked."""

    pieces: tuple[str, ...] = ("Leave is 30 days. ", "Ask your lead first.")
    citations: tuple[Mapping[str, str], ...] = _CITATIONS
    error: str | None = None
    """Ends the answer, in place of `done`."""
    breaks: list[int] = field(default_factory=list)
    """After how many pieces the next streams end early, used up one by one."""
    is_torn: bool = True
    """A stream that ends early is torn off, rather than closed in good order."""
    silences: int = 0
    """How many of the next streams open, and then say nothing."""
    refusals: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Statuses and headers of the next answers to /ask, used up one by one."""
    gate: threading.Semaphore | None = None
    """Where there is one, each piece waits for a release."""
    line_end: str = "\n"
    history: list[dict[str, object]] = field(default_factory=list)
    """Newest first."""
    history_failures: int = 0
    """How many of the next pages fail."""

    asked: list[Asked] = field(default_factory=list)
    cursors: list[str | None] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    """The tokens given out; those taken out of it are refused."""

    def app(self) -> Starlette:
        exposed = Middleware(
            CORSMiddleware,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key"],
            # Without it no script of another origin may read when to come back.
            expose_headers=["Retry-After"],
        )
        files = [Route(f"/{name}", _serve(WIDGET / name)) for name in FILES]
        return Starlette(
            routes=[
                *files,
                Route("/session", self._open, methods=["POST"]),
                Route("/ask", self._ask, methods=["POST"]),
                Route("/history", self._history),
            ],
            middleware=[exposed],
        )

    async def _open(self, request: Request) -> Response:
        self.sessions.append(uuid4().hex)
        return JSONResponse({"session": self.sessions[-1]}, status_code=201)

    async def _ask(self, request: Request) -> Response:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        body = await request.json()
        self.asked.append(Asked(body["question"], body["conversation"], request.headers["Idempotency-Key"], token))
        if token not in self.sessions:
            return JSONResponse({"detail": "no such session"}, status_code=401)
        if self.refusals:
            status, headers = self.refusals.pop(0)
            return JSONResponse({"detail": f"refused with {status}"}, status_code=status, headers=headers)
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[bytes]:
        end = self.breaks.pop(0) if self.breaks else None
        async for chunk in self._cut("start", {"conversation": CONVERSATION, "message": str(uuid4())}):
            yield chunk
        if self.silences:
            self.silences -= 1
            await asyncio.sleep(600)
        for number, piece in enumerate(self.pieces):
            while self.gate is not None and not self.gate.acquire(blocking=False):
                await asyncio.sleep(0.005)
            if number == end:
                if self.is_torn:
                    raise ConnectionResetError
                return
            yield f": ping{self.line_end * 2}".encode()
            async for chunk in self._cut("text", {"text": piece}):
                yield chunk
        last: dict[str, object] = {"citations": list(self.citations), "done": {}}
        for name, data in (last if self.error is None else {"error": {"detail": self.error}}).items():
            async for chunk in self._cut(name, data):
                yield chunk

    async def _cut(self, name: str, data: object) -> AsyncIterator[bytes]:
        """Yield an event in two chunks, cut wherever it happens to be, in the middle of a character too."""
        # Characters as they are, not as \uXXXX.
        text = json.dumps(data, ensure_ascii=False)
        event = f"event: {name}{self.line_end}data: {text}{self.line_end * 2}".encode()
        yield event[: len(event) // 2]
        await asyncio.sleep(0)
        yield event[len(event) // 2 :]

    async def _history(self, request: Request) -> Response:
        if request.headers["Authorization"].removeprefix("Bearer ") not in self.sessions:
            return JSONResponse({"detail": "no such session"}, status_code=401)
        cursor = request.query_params.get("cursor")
        self.cursors.append(cursor)
        if self.history_failures:
            self.history_failures -= 1
            return JSONResponse({"detail": "broken"}, status_code=500)
        start = int(cursor or 0)
        end = start + PAGE_ITEMS
        following = str(end) if end < len(self.history) else None
        return JSONResponse({"items": self.history[start:end], "next": following})


def _serve(path: Path) -> Callable[[Request], Awaitable[Response]]:
    async def served(request: Request) -> Response:
        return FileResponse(path)

    return served
