"""For the time of a probe, no SQLAlchemy engine of this process commits anything.

Three layers, each for what the one before cannot see:

- Every dialect's `do_commit` does nothing, so the transaction stays open, the handler sees its own writes, and the
  pool rolls back when the connection returns. Autocommit is switched off where a transaction begins.
- New connections are read-only by default, and only transactions that the engine begins are made writable: what goes
  past the engine, by the driver's own connection, is refused by the server.
- COMMIT as text raises CommitRefused before it is sent.

Engines that are made inside stay held for good: a thread that a handler has left behind may write later.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.util import greenlet_spawn

from pgwright.errors import CommitRefused
from pgwright.probe.doors import READ_ONLY, REFUSED, Doors
from pgwright.probe.loading import engines

_COMMIT = re.compile(
    r"(?:\A|;)(?:\s|/\*.*?\*/|--[^\n]*\n)*(?:commit|end|prepare\s+transaction)\b", re.IGNORECASE | re.DOTALL
)
_PATCHED = (
    "do_begin",
    "do_commit",
    "set_isolation_level",
    "do_begin_twophase",
    "do_prepare_twophase",
    "do_commit_twophase",
    "do_rollback_twophase",
)


@asynccontextmanager
async def nothing_stays(
    statement_timeout_ms: int, lock_timeout_ms: int, doors: Doors | None = None
) -> AsyncIterator[Callable[[], list[Engine]]]:
    """Roll back whatever engines do inside the block; their pools are closed at its end.

    Gives what tells the engines on PostgreSQL that the block has made or used, those that connected first.

    Enter it before the app is imported, for the app may connect as it is.

    Args:
        statement_timeout_ms: the server stops a statement that runs longer.
        lock_timeout_ms: the server stops a statement that waits longer for a lock.
        doors: told when a pooler takes no read-only connections.
    """
    settings = (f"SET LOCAL statement_timeout = {statement_timeout_ms}", f"SET LOCAL lock_timeout = {lock_timeout_ms}")
    holding, before = _Holding(settings, doors or Doors()), WeakSet(engines())

    def own_engines() -> list[Engine]:
        connected = [one for one in holding.engines if one.dialect.name == "postgresql"]
        return [*connected, *(one for one in engines() if one not in before and one not in connected)]

    listeners: dict[str, Callable[..., Any]] = {
        "engine_connect": holding.hold,
        "do_connect": holding.connect,
        "before_cursor_execute": _refuse_commit,
    }
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    try:
        yield own_engines
    finally:
        for engine in own_engines():
            holding.hold_engine(engine)
        for engine in holding.engines:
            await greenlet_spawn(engine.dispose)
        for name, listener in listeners.items():
            event.remove(Engine, name, listener)
        holding.release({engine.dialect for engine in before})


class _Holding:
    """The engines seen so far, and their dialects with their commits held back."""

    def __init__(self, settings: tuple[str, ...], doors: Doors) -> None:
        self._settings, self._doors = settings, doors
        self._dialects: list[Dialect] = []
        self.engines: list[Engine] = []

    def hold(self, connection: Connection) -> None:
        """Hold back the commits of a connection's engine, before its first transaction begins."""
        self.hold_engine(connection.engine)

    def hold_engine(self, engine: Engine) -> None:
        if engine not in self.engines:
            self.engines.append(engine)
        self._hold(engine.dialect)

    def _hold(self, dialect: Dialect) -> None:
        if dialect in self._dialects:
            return
        self._dialects.append(dialect)
        settings = self._settings if dialect.name == "postgresql" else ()
        begin_before, set_level_before = dialect.do_begin, dialect.set_isolation_level

        def begin(pooled: Any) -> None:
            driver_connection = getattr(pooled, "dbapi_connection", pooled)
            if getattr(driver_connection, "autocommit", False):
                driver_connection.autocommit = False
            begin_before(pooled)
            _prepare(driver_connection, settings, getattr(dialect, "server_version_info", None) or (14,))

        def set_level(driver_connection: Any, level: Any) -> None:
            set_level_before(driver_connection, "READ COMMITTED" if level == "AUTOCOMMIT" else level)

        # Instance attributes hide the methods; `release` deletes them again.
        replacements: tuple[Callable[..., None], ...] = (
            begin,
            lambda pooled: None,
            set_level,
            lambda of, xid: begin(of.connection),
            lambda of, xid: None,
            lambda of, xid, is_prepared=True, recover=False: None,
            lambda of, xid, is_prepared=True, recover=False: dialect.do_rollback(of.connection),
        )
        for name, replacement in zip(_PATCHED, replacements, strict=True):
            setattr(dialect, name, replacement)

    def connect(self, dialect: Dialect, record: object, cargs: Any, cparams: dict[str, Any]) -> Any:
        """Connect with read-only transactions as the default; None leaves it to the engine."""
        self._hold(dialect)
        given = _read_only(dialect.driver, cparams) if dialect.name == "postgresql" else None
        if given is None:
            return None
        try:
            return dialect.connect(*cargs, **given)
        except Exception as error:
            if REFUSED not in str(error):
                raise
            self._doors.behind_pooler = True
            return None

    def release(self, dialects: set[Dialect]) -> None:
        """Let these commit again."""
        for dialect in dialects.intersection(self._dialects):
            for name in _PATCHED:
                delattr(dialect, name)


def _prepare(driver_connection: Any, settings: tuple[str, ...], version: tuple[int, ...]) -> None:
    """Make the transaction that begins writable, where the server can, and limit its statements."""
    cursor = driver_connection.cursor()
    try:
        if settings and _shown(cursor, "SHOW transaction_read_only") == "on" and not _is_standby(cursor, version):
            cursor.execute("SET TRANSACTION READ WRITE")
        for setting in settings:
            cursor.execute(setting)
    finally:
        cursor.close()


def _is_standby(cursor: Any, version: tuple[int, ...]) -> bool:
    # Before 14 nothing tells it without a snapshot; there a standby refuses the setting, and with it the call.
    return version >= (14,) and _shown(cursor, "SHOW in_hot_standby") == "on"


def _shown(cursor: Any, statement: str) -> str:
    # SHOW takes no snapshot, so the app may still choose its isolation level.
    cursor.execute(statement)
    return str(cursor.fetchone()[0])


def _read_only(driver: str, cparams: dict[str, Any]) -> dict[str, Any] | None:
    """Return the driver's arguments with the default added; None for a driver that has no such argument."""
    if driver == "asyncpg":
        return {**cparams, "server_settings": {**(cparams.get("server_settings") or {}), READ_ONLY: "on"}}
    if driver in ("psycopg", "psycopg_async", "psycopg2"):
        options = cparams.get("options") or os.environ.get("PGOPTIONS", "")
        return {**cparams, "options": f"{options} -c {READ_ONLY}=on".strip()}
    return None


def _refuse_commit(
    connection: Connection, cursor: object, statement: str, parameters: object, context: object, executemany: bool
) -> None:
    if _COMMIT.search(statement):
        raise CommitRefused(statement)
