"""What the tests of the chat app ask with: clients of its two web apps, and what they read of an answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from chat.embeddings import LocalEmbeddings

SCALE = 0.01
UNTIL = datetime.now(UTC)
QUESTION = "What is a deadlock?"
UNANSWERABLE = "What is the capital of France?"


class ChatClient(AsyncClient):
    """A visitor of one app, which they carry along."""

    app: FastAPI
    token: str

    async def ask(
        self,
        question: str,
        *,
        conversation: object = None,
        key: UUID | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        asked = {"question": question, "conversation": None if conversation is None else str(conversation)}
        return await self.post("/ask", json=asked, headers={"Idempotency-Key": str(key or uuid4()), **(headers or {})})


@dataclass(frozen=True)
class Streamed:
    """An answer as its events tell it."""

    conversation: str
    message: str
    text: str
    citations: Sequence[dict[str, str]]
    is_done: bool
    error: str | None

    @classmethod
    def of(cls, response: Response) -> Streamed:
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("text/event-stream")
        events: list[tuple[str, Any]] = []
        for block in response.text.split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if lines:
                events.append((lines["event"], json.loads(lines["data"])))
        assert events[0][0] == "start"
        data = dict(events)
        return cls(
            data["start"]["conversation"],
            data["start"]["message"],
            "".join(each["text"] for name, each in events if name == "text"),
            data.get("citations", ()),
            events[-1][0] == "done",
            data.get("error", {}).get("detail"),
        )


class CountedEmbeddings(LocalEmbeddings):
    """The local model, which notes what it was asked for, and fails where a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.failure: Exception | None = None

    async def embed(self, text: str) -> Sequence[float]:
        self.asked.append(text)
        if self.failure is not None:
            raise self.failure
        return await super().embed(text)


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[ChatClient]:
    """Open an app and a visitor's session in it."""
    async with app.router.lifespan_context(app), ChatClient(transport=ASGITransport(app), base_url="http://chat") as it:
        it.app = app
        it.token = (await it.post("/session")).json()["session"]
        it.headers["Authorization"] = f"Bearer {it.token}"
        yield it
