"""What looks at one server again and again: is it healthy, where is it, what is it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from pgwright_runtime._background import Event
from pgwright_runtime._sql import read_sql
from pgwright_runtime.replicas.connections import IS_WATCHER, Connections, sever
from pgwright_runtime.replicas.errors import NotAPrimary, NotAReplica, OtherSystem
from pgwright_runtime.replicas.servers import History
from pgwright_runtime.replicas.settings import LOOK_TIMEOUT_S
from pgwright_runtime.replicas.transcripts import UNWATCHED

_LOCKING_FUNCTIONS = text(read_sql("pgwright_runtime.replicas", "locking_functions"))
_LOOK = text(read_sql("pgwright_runtime.replicas", "look"))
_ISOLATION = text("SHOW transaction_isolation")
_MAY_IDENTIFY = text("SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')")
_IDENTIFY = text("SELECT system_identifier FROM pg_control_system()")

HURRY_S = 0.002
TICK_S = 0.1
"""How often the look under way is judged. Its time is counted in these, so that a process that stood still itself,
with the answers waiting for it, blames no server."""


@dataclass(frozen=True)
class Watch:
    """What the watchers of all servers have in common."""

    history: History
    stopped: Event
    interval_s: float
    """Between two looks."""
    hang_s: float
    """A server that is silent for so long has its connections ended."""


class Watcher:
    """Looks at one server, on a connection of its own that is not the pool's."""

    def __init__(self, connections: Connections, primary: Watcher | None, watch: Watch, hurry: Event) -> None:
        self.server = connections.server
        self.identifier: int | None = None
        self.refusal: NotAPrimary | NotAReplica | OtherSystem | None = None
        self.has_looked = False
        self._connections, self._primary, self._watch, self._hurry = connections, primary, watch, hurry
        self._connection: Connection | None = None
        self._driver: Any = None
        self._ticks: int | None = None

    def run(self) -> None:
        """Look until stopped."""
        IS_WATCHER.set(True)
        stopped = self._watch.stopped
        try:
            # Replicas are compared with the primary.
            while not (self._primary is None or self._primary.has_looked or stopped.is_set()):
                stopped.wait(HURRY_S)
            while not stopped.is_set():
                self._ticks = 0
                self.look()
                self._ticks = None
                self.has_looked = True
                self._hurry.wait(self._watch.interval_s)
                self._hurry.clear()
                stopped.wait(HURRY_S)
        finally:
            self.has_looked = True
            self._disconnect()

    def hurry(self) -> None:
        """Look again soon: somebody is waiting."""
        self._hurry.set()

    def stop(self) -> None:
        """Wait for nothing more."""
        self.server.hangs = False
        self._hurry.set()
        sever(self._driver)

    def tick(self) -> None:
        """Judge the look that is under way: one that takes too long takes the server out, then ends what waits."""
        if self._ticks is None:
            return
        self._ticks += 1
        if self._ticks == round(LOOK_TIMEOUT_S / TICK_S):
            self.server.fail(f"no answer within {LOOK_TIMEOUT_S:g} s")
            self.has_looked = True
        if self._ticks == round(self._watch.hang_s / TICK_S):
            self._connections.cut()
            sever(self._driver)

    def look(self) -> None:
        """Look once, and note what was seen."""
        server = self.server
        try:
            connection = self._connection or self._connect()
            in_recovery, lsn = connection.execute(_LOOK).one()
        except Exception as error:  # noqa: BLE001  (whatever it is, the server is not to be asked)
            if not server.hangs:
                server.fail(f"{type(error).__name__}: {error or 'no answer in time'}".splitlines()[0])
            self._disconnect()
            return
        self.refusal = self._judge(in_recovery)
        if self.refusal is not None:
            server.fail(str(self.refusal))
            return
        if server.is_primary:
            self._watch.history.add(lsn, time.monotonic())
        server.see(lsn, lag_s=self._watch.history.lag_s(lsn))

    def _judge(self, in_recovery: bool) -> NotAPrimary | NotAReplica | OtherSystem | None:
        name = self.server.name
        if in_recovery is self.server.is_primary:
            return NotAPrimary(name) if in_recovery else NotAReplica(name)
        expected = self._primary.identifier if self._primary else None
        if expected and self.identifier and self.identifier != expected:
            return OtherSystem(name, self.identifier, expected)
        return None

    def _connect(self) -> Connection:
        connection = self.server.engine.execution_options(**UNWATCHED).connect()
        self._connection, self._driver = connection, connection.connection.dbapi_connection
        level = connection.execute(_ISOLATION).scalar_one()
        self.server.keeps_snapshot = level in ("repeatable read", "serializable")
        connection.rollback()
        connection.execution_options(isolation_level="AUTOCOMMIT")
        # Not to be counted in the pool, nor missed by it, however long we keep it.
        connection.detach()
        # On managed servers it may be forbidden.
        may_identify = connection.execute(_MAY_IDENTIFY).scalar_one()
        self.identifier = connection.execute(_IDENTIFY).scalar_one() if may_identify else None
        if self.server.is_primary:
            # Those that a migration adds are known from the next connection on.
            self.server.locking = frozenset(connection.execute(_LOCKING_FUNCTIONS).scalars())
        return connection

    def _disconnect(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        driver, self._driver = self._driver, None
        # The server may be gone, or hang: nothing to be told, nothing to wait for. Of a detached connection SQLAlchemy
        # closes asyncpg's but not psycopg's.
        sever(driver)
        for closing in (connection, driver):
            if closing is not None:
                with suppress(Exception):
                    closing.close()
