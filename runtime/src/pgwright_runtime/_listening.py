"""Wait for a NOTIFY, or to be woken, on a connection of either kind of engine.

Source: PostgreSQL manual, LISTEN; https://www.psycopg.org/psycopg3/docs/advanced/async.html#asynchronous-notifications;
https://magicstack.github.io/asyncpg/current/api/index.html#asyncpg.connection.Connection.add_listener
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol
from weakref import finalize

from sqlalchemy import Connection
from sqlalchemy.util import await_only

from pgwright_runtime._background import Tasks


class Listener(Protocol):
    """Waits for what comes through one connection at a time."""

    def listen(self, connection: Connection, channel: str) -> None:
        """Let `wait` end at a NOTIFY on a channel, where the driver is psycopg or asyncpg.

        Args:
            channel: of letters, digits and `_`.
        """

    def ignore(self) -> None:
        """Forget the connection: it may be broken."""

    def wait(self, seconds: float) -> None:
        """Wait until a NOTIFY or `wake`, even one since the last call, but not for longer."""

    def heard(self) -> list[str] | None:
        """Return what NOTIFY said since the last call, in order; None: more than is kept."""

    def wake(self) -> None:
        """End `wait`; from any thread or signal handler."""


class _Heard(deque[str]):
    """What NOTIFY said, and was not asked for yet."""

    def __init__(self) -> None:
        super().__init__(maxlen=1_000)

    def take(self) -> list[str] | None:
        is_whole = len(self) < 1_000
        taken = [self.popleft() for _ in range(len(self))]
        return taken if is_whole else None


class BlockingListener:
    """For a sync engine."""

    def __init__(self) -> None:
        # A signal's handler cannot end a select(), but what it writes can.
        self._receiver, self._sender = socket.socketpair()
        for each in (self._receiver, self._sender):
            each.setblocking(False)
        finalize(self, _close, self._receiver, self._sender)
        self._libpq: Any = None
        self._heard = _Heard()

    def listen(self, connection: Connection, channel: str) -> None:
        self._libpq = _listen_psycopg(connection, channel, self.wake, self._heard)

    def heard(self) -> list[str] | None:
        return self._heard.take()

    def ignore(self) -> None:
        self._libpq = None

    def wait(self, seconds: float) -> None:
        select.select([self._receiver, *([self._libpq.socket] if self._libpq else [])], [], [], seconds)
        _take_notifies(self._libpq, self._heard)
        with suppress(BlockingIOError):
            self._receiver.recv(4096)

    def wake(self) -> None:
        with suppress(BlockingIOError):  # full: it is awake
            self._sender.send(b"!")


class AwaitingListener:
    """For an async engine, inside its event loop and in a greenlet."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._woken = Tasks().event()
        self._libpq: Any = None
        self._heard = _Heard()

    def listen(self, connection: Connection, channel: str) -> None:
        driver: Any = connection.connection.driver_connection
        if not hasattr(driver, "add_listener"):
            self._libpq = _listen_psycopg(connection, channel, self._woken.set, self._heard)
            return

        def hear(connection: object, pid: int, channel: str, payload: str) -> None:
            self._heard.append(payload)
            self._woken.set()

        try:
            await_only(driver.add_listener(channel, hear))
        except Exception as error:  # the driver's own, for SQLAlchemy did not execute it
            raise ConnectionError(f"no LISTEN: {error}") from error
        driver.add_termination_listener(lambda *_: self._woken.set())

    def heard(self) -> list[str] | None:
        return self._heard.take()

    def ignore(self) -> None:
        self._libpq = None

    def wait(self, seconds: float) -> None:
        # Not all the time: psycopg itself waits for the same socket while it runs a statement.
        if self._libpq:
            self._loop.add_reader(self._libpq.socket, self._woken.set)
        try:
            self._woken.wait(seconds)
        finally:
            if self._libpq:
                self._loop.remove_reader(self._libpq.socket)
        _take_notifies(self._libpq, self._heard)
        self._woken.clear()

    def wake(self) -> None:
        self._loop.call_soon_threadsafe(self._woken.set)


def _listen_psycopg(connection: Connection, channel: str, wake: Callable[[], None], heard: _Heard) -> Any:
    """Return libpq's connection, or None of another driver."""
    driver: Any = connection.connection.driver_connection
    if not hasattr(driver, "add_notify_handler"):
        return None

    def hear(notify: Any) -> None:
        heard.append(notify.payload)
        wake()

    # What comes in with the answer to a statement.
    driver.add_notify_handler(hear)
    connection.exec_driver_sql(f'LISTEN "{channel}"')
    return driver.pgconn


def _take_notifies(libpq: Any, heard: _Heard) -> None:
    with suppress(Exception):  # of a broken connection the next statement tells
        if libpq is not None:
            libpq.consume_input()
            while (notify := libpq.notifies()) is not None:
                heard.append(notify.extra.decode())


def _close(*sockets: socket.socket) -> None:
    for each in sockets:
        each.close()
