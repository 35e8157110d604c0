"""The task that looks at one server again and again: is it healthy, where is it, what is it."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from pgwright.runtime.replicas.errors import NotAPrimary, NotAReplica, OtherSystem
from pgwright.runtime.replicas.servers import History, Server
from pgwright.runtime.replicas.transcripts import UNWATCHED

# The flush position is the furthest that a replica can have. It may stop inside a record of a transaction that is still
# open; then a replica seems to lag until the next commit, or the checkpointer's next note, at most 15 s later.
_LOOK = text("""\
SELECT pg_is_in_recovery(),
       (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END
        - '0/0'::pg_lsn)::bigint""")
_ISOLATION = text("SHOW transaction_isolation")
_MAY_IDENTIFY = text("SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')")
_IDENTIFY = text("SELECT system_identifier FROM pg_control_system()")

# A look that takes longer finds a server that would keep requests waiting, too.
LOOK_TIMEOUT_S = 1.0
HURRY_S = 0.002


class Watcher:
    """Looks at one server, on a connection of its own that is not the pool's."""

    def __init__(self, server: Server, history: History, interval_s: float, primary: Watcher | None) -> None:
        self.server = server
        self.identifier: int | None = None
        self.refusal: NotAPrimary | NotAReplica | OtherSystem | None = None
        self._history, self._interval_s, self._primary = history, interval_s, primary
        self._connection: AsyncConnection | None = None
        self._driver: Any = None
        self._hurry = asyncio.Event()

    async def watch(self) -> None:
        """Look until cancelled."""
        try:
            while True:
                await self.look()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._interval_s):
                        await self._hurry.wait()
                        self._hurry.clear()
                        await asyncio.sleep(HURRY_S)
        finally:
            await self.disconnect()

    def hurry(self) -> None:
        """Look again soon: somebody is waiting."""
        self._hurry.set()

    async def look(self) -> None:
        """Look once, and note what was seen."""
        server = self.server
        try:
            async with asyncio.timeout(LOOK_TIMEOUT_S):
                connection = self._connection or await self._connect()
                in_recovery, lsn = (await connection.execute(_LOOK)).one()
        except Exception as error:  # noqa: BLE001  (whatever it is, the server is not to be asked)
            server.fail(f"{type(error).__name__}: {error or 'no answer in time'}".splitlines()[0])
            await self.disconnect()
            return
        self.refusal = self._judge(in_recovery)
        if self.refusal is not None:
            server.fail(str(self.refusal))
            return
        if server.is_primary:
            self._history.add(lsn, time.monotonic())
        server.see(lsn, lag_s=self._history.lag_s(lsn))

    def _judge(self, in_recovery: bool) -> NotAPrimary | NotAReplica | OtherSystem | None:
        name = self.server.name
        if in_recovery is self.server.is_primary:
            return NotAPrimary(name) if in_recovery else NotAReplica(name)
        expected = self._primary.identifier if self._primary else None
        if expected and self.identifier and self.identifier != expected:
            return OtherSystem(name, self.identifier, expected)
        return None

    async def _connect(self) -> AsyncConnection:
        connection = await self.server.engine.execution_options(**UNWATCHED).connect()
        self._connection = connection
        self._driver = (await connection.get_raw_connection()).driver_connection
        level = (await connection.execute(_ISOLATION)).scalar_one()
        self.server.keeps_snapshot = level in ("repeatable read", "serializable")
        await connection.rollback()
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        # Not to be counted in the pool, nor missed by it, however long we keep it.
        await connection.run_sync(lambda inner: inner.detach())
        # On managed servers it may be forbidden.
        may_identify = (await connection.execute(_MAY_IDENTIFY)).scalar_one()
        self.identifier = (await connection.execute(_IDENTIFY)).scalar_one() if may_identify else None
        return connection

    async def disconnect(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        driver, self._driver = self._driver, None
        # The server may be gone, or hang: nothing to be told, nothing to wait for. Of a detached connection SQLAlchemy
        # closes asyncpg's but not psycopg's.
        for closing in (connection, driver):
            if closing is not None:
                with suppress(Exception):
                    async with asyncio.timeout(LOOK_TIMEOUT_S):
                        await closing.close()
