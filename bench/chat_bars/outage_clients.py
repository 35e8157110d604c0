"""Clients of the outage: each sends a request, waits a little, and sends the next one, whatever it was answered."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

CLIENTS, WAIT_S = 50, 0.1
# So many requests are sent per one that asks the app for nothing, which shows what the machine adds.
_PER_CONTROL = 10
# A client that gets no answer at all by then gives up.
_LONGEST_S = 20.0


@dataclass(frozen=True)
class Answer:
    key: int
    ended: float
    """By the monotonic clock."""
    seconds: float
    status: int
    """0: no answer came."""
    state: str
    """Of the breaker."""
    has_retry_after: bool

    @property
    def began(self) -> float:
        return self.ended - self.seconds


@dataclass
class Clients:
    """Fifty of them, over connections of their own that they keep."""

    port: int
    answers: list[Answer] = field(default_factory=list)
    controls: list[Answer] = field(default_factory=list)
    """Of requests that ask for nothing."""
    _keys: Iterator[int] = field(default_factory=count)
    _is_over: bool = False

    async def run(self) -> None:
        await asyncio.gather(*(self._client() for _ in range(CLIENTS)))

    def end(self) -> None:
        self._is_over = True

    async def _client(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while not self._is_over:
            await asyncio.sleep(random.uniform(0, 2 * WAIT_S))
            key, started = next(self._keys), time.monotonic()
            is_control = key % _PER_CONTROL == 0
            head: dict[str, str] = {}
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                async with asyncio.timeout(_LONGEST_S):
                    head = await _ask(reader, writer, "/nothing" if is_control else f"/?key={key}")
            ended = time.monotonic()
            status, state = int(head.get("", "0")), head.get("x-breaker", "")
            answer = Answer(key, ended, ended - started, status, state, "retry-after" in head)
            (self.controls if is_control else self.answers).append(answer)
            if not status:
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> dict[str, str]:
    """Return the headers of an answer, and under "" its status."""
    writer.write(f"POST {path} HTTP/1.1\r\nhost: app\r\ncontent-length: 0\r\n\r\n".encode())
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
    head = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if head.get("transfer-encoding") == "chunked":
        while (await reader.readuntil(b"\r\n")) != b"0\r\n":
            await reader.readuntil(b"\r\n")
        await reader.readuntil(b"\r\n")
    else:
        await reader.readexactly(int(head.get("content-length", "0")))
    return {**head, "": first.split()[1]}
