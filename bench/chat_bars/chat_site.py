"""A site with the chat: a database with this project's documentation, Valkey, and the app under uvicorn."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket

from chat import schema
from chat.embeddings import LocalEmbeddings
from chat.ingest import GLOSSARY, ingest
from chat_bars.chat_app import ASKS, DATABASE, IS_SLOW, REDIS
from chat_bars.valkey import ValkeyProcess, run_valkey
from pgwright.embedded import EmbeddedServer, run_server, wheel_programs

_ROOT = Path(__file__).parents[2]
_START_S = 30.0
NAME = "chat"


@dataclass(frozen=True)
class ChatSite:
    server: EmbeddedServer
    valkey: ValkeyProcess

    @property
    def url(self) -> str:
        return self.server.url(NAME)

    def execute(self, statement: str) -> None:
        """Run a statement as another program does."""
        with self.server.admin(NAME) as admin:
            admin.execute(statement.encode())

    @contextmanager
    def serving(self, *, redis_url: str | None = None, is_slow: bool = False, asks: int | None = None) -> Iterator[int]:
        """Run the app in a process of its own; gives its port.

        Args:
            redis_url: None: Valkey's own.
            is_slow: whether its models are as slow as system B's.
            asks: how many questions a visitor has a minute; None: as many as they like.
        """
        own = {DATABASE: self.url, REDIS: redis_url or self.valkey.url, IS_SLOW: "yes" if is_slow else "no"}
        with _uvicorn(own if asks is None else {**own, ASKS: str(asks)}) as port:
            yield port


@contextmanager
def run_site() -> Iterator[ChatSite]:
    with run_server(programs=wheel_programs()) as server, run_valkey() as valkey:
        server.create_database(NAME)
        schema.upgrade(server.url(NAME))
        asyncio.run(ingest(server.url(NAME), [_ROOT / "docs", GLOSSARY], LocalEmbeddings()))
        with server.admin(NAME) as admin:
            admin.execute(b"ANALYZE")
        yield ChatSite(server, valkey)


@contextmanager
def _uvicorn(own: dict[str, str]) -> Iterator[int]:
    with socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    app = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--factory", "chat_bars.chat_app:create", "--port", str(port),
         "--log-level", "warning", "--no-access-log", "--timeout-keep-alive", "300"],
        env={**os.environ, **own, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    try:
        _wait_for(app, port)
        yield port
    finally:
        app.terminate()
        app.wait()


def _wait_for(app: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        with socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if app.poll() is not None:
            raise RuntimeError("the app ended at its start")
        if time.monotonic() > deadline:
            raise TimeoutError(f"the app did not start within {_START_S:g} s")
        time.sleep(0.02)
