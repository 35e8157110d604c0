"""The open connections to a server: a replica's can be ended when it hangs and does not close them itself."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from contextvars import ContextVar
from math import ceil
from threading import Lock
from typing import Any
from weakref import WeakSet

from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry

from pgwright_runtime.replicas.servers import WatchedServer

IS_WATCHER: ContextVar[bool] = ContextVar("pgwright_is_watcher", default=False)
"""Set where a watcher runs: it alone may connect to a server that hangs, to learn whether it still does."""


class Connections:
    """The connections that the engine of one server opens from now on.

    Opening one takes at most `connect_s` seconds, unless the engine says otherwise; on the primary that holds for the
    watcher's only.
    """

    def __init__(self, server: WatchedServer, connect_s: float) -> None:
        self.server = server
        # libpq takes whole seconds, and no fewer than two.
        self._connect_s = max(ceil(connect_s), 2)
        self._lock, self._process = Lock(), os.getpid()
        self._opened: WeakSet[ConnectionPoolEntry] = WeakSet()
        event.listen(server.engine, "do_connect", self._opens)
        if not server.is_primary:
            event.listen(server.engine, "connect", self._note)

    def cut(self) -> None:
        """End a replica's, and let none be opened until it is seen again: who waits gets an error at once."""
        self.server.hangs = not self.server.is_primary
        with self._lock:
            opened = tuple(self._opened) if self._process == os.getpid() else ()
        for entry in opened:
            sever(entry.dbapi_connection)

    def _opens(self, dialect: Any, entry: object, arguments: object, options: dict[str, Any]) -> None:
        is_watcher = IS_WATCHER.get()
        if self.server.hangs and not is_watcher:
            raise TimeoutError(f"{self.server.name} does not answer, so no connection to it is opened until it does")
        if is_watcher or not self.server.is_primary:
            options.setdefault("timeout" if dialect.driver == "asyncpg" else "connect_timeout", self._connect_s)

    def _note(self, connection: object, entry: ConnectionPoolEntry) -> None:
        with self._lock:
            if self._process != os.getpid():
                # After a fork; those of the parent are not ours to end.
                self._opened, self._process = WeakSet(), os.getpid()
            self._opened.add(entry)


def sever(connection: Any) -> None:
    """End a DBAPI connection at once, without a word to its server; a statement that waits fails as if that had gone.

    asyncpg's only from its event loop, psycopg's from any thread.
    """
    driver = getattr(connection, "driver_connection", connection)
    with suppress(Exception):  # closed by another thread meanwhile
        if hasattr(driver, "terminate"):
            driver.terminate()
            return
        descriptor = driver.fileno()
        with socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM) as duplicate:
            # Had it been closed before it was duplicated, the number could be another file's by now.
            if driver.fileno() == descriptor:
                duplicate.shutdown(socket.SHUT_RDWR)
