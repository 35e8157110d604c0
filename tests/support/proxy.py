"""A TCP proxy that can hold back what goes through it, as a network does that loses a way but not the connection."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK = 65_536


class Proxy:
    """Passes connections to a port on loopback on, unless it is held."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._passes = threading.Event()
        self._passes.set()
        self.delay_s = 0.0
        """How long each piece is on its way, in either direction, seconds."""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        """Take what is sent, and pass nothing on until `release`."""
        self._passes.clear()

    def release(self) -> None:
        self._passes.set()

    def stop(self) -> None:
        self._passes.set()
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:  # stopped
                return
            with suppress(OSError):
                server = socket.create_connection(("127.0.0.1", self._target))
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError), source, target:
            while chunk := source.recv(_CHUNK):
                self._passes.wait()
                time.sleep(self.delay_s)
                target.sendall(chunk)


@contextmanager
def run_proxy(port: int) -> Iterator[Proxy]:
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.stop()
