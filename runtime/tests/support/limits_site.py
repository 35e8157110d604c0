"""Scopes of requests, a clock that is set by hand, and a Valkey that is held up."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from redis import Redis

from pgwright_runtime._asgi import Scope
from pgwright_runtime.limits import Limit
from tests.support.valkey import Broker, run_broker


def scope(client: str = "192.0.2.1", *headers: tuple[str, str], path: str = "/") -> Scope:
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "client": (client, 4711) if client else None,
        "headers": [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers],
    }


def everybody(scope: Scope) -> str:
    return "everybody"


def limit(requests: int, seconds: int = 60, name: str = "all", by: Callable[[Scope], str | None] = everybody) -> Limit:
    return Limit(requests=requests, seconds=seconds, by=by, name=name)


class Clock:
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def held_up(broker: Broker) -> Iterator[None]:
    """Keep the server from answering, with its port open."""
    with Redis.from_url(broker.url) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def broker() -> Iterator[Broker]:
    with run_broker() as broker:
        yield broker
