"""Visitors of the chat: each asks, reads the whole answer, and asks the next question."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

# A client that gets no answer at all by then gives up.
_LONGEST_S = 30.0


@dataclass(frozen=True)
class Asked:
    ended: float
    """By the monotonic clock."""
    seconds: float
    status: int
    """0: no answer came, or none to its end."""
    has_retry_after: bool = False


@dataclass
class ChatVisitor:
    """One of them, over a connection of their own that they keep."""

    port: int
    asked: list[Asked] = field(default_factory=list)
    _headers: dict[str, str] = field(default_factory=dict)

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        status, _, body = await self._send("/session", b"")
        if status != 201:
            raise ConnectionError(f"no session: {status}")
        self._headers = {"authorization": f"Bearer {json.loads(body)['session']}", "content-type": "application/json"}

    async def ask(self, question: str) -> Asked:
        body = json.dumps({"question": question}).encode()
        started, status, has_retry_after = time.monotonic(), 0, False
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(_LONGEST_S):
                status, head, answer = await self._send("/ask", body, {"idempotency-key": str(uuid4())})
                has_retry_after = "retry-after" in head
                if status == 200 and b"event: done" not in answer:
                    status = 0
        ended = time.monotonic()
        self.asked.append(Asked(ended, ended - started, status, has_retry_after))
        if not status:
            self._writer.close()
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self.asked[-1]

    async def go_on(self, questions: Iterator[str], is_over: Callable[[], bool]) -> None:
        """Ask until it is over, and close the connection."""
        while not is_over():
            await self.ask(next(questions))
        self.close()

    def close(self) -> None:
        self._writer.close()

    async def _send(
        self, path: str, body: bytes, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Return the status, the headers and the body of an answer."""
        sent = {**self._headers, **(headers or {}), "host": "chat", "content-length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        self._writer.write(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        first, *rest = (await self._reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
        head = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        status = int(first.split()[1])
        if head.get("transfer-encoding") != "chunked":
            return status, head, await self._reader.readexactly(int(head.get("content-length", "0")))
        answer = bytearray()
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            answer += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        return status, head, bytes(answer)
