"""A real web server for an ASGI app, in a thread of the tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from threading import Thread
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

_START_SECONDS = 10.0


@contextmanager
def serve(app: ASGIApp, *, lifespan: Literal["on", "off"] = "off") -> Iterator[str]:
    """Serve it on a free port of loopback, and yield its address."""
    # A stream that is torn off on purpose is an error to uvicorn, which would log it.
    config = uvicorn.Config(
        app, log_config=None, log_level=100, ws="none", lifespan=lifespan, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    with socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, name="loopback")
        thread.start()
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                assert time.monotonic() < deadline, "the server is not ready"
                time.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
