"""For the time of a probe, no SQLAlchemy engine of this process commits anything.

Three layers, each for what the one before cannot see:

- Every dialect's `do_commit` holds the commit back: see `held.py`. Autocommit is switched off where a transaction
  begins, and the driver's own `commit()` does nothing.
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
from functools import partial
from typing import Any
from weakref import WeakSet

import psycopg
from sqlalchemy import Connection, Engine, Pool, event
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.util import greenlet_spawn

from pgwright.errors import CommitRefused
from pgwright.probe.doors import BY_ENGINE, READ_ONLY, REFUSED, Doors
from pgwright.probe.held import Line, Lines
from pgwright.probe.loading import engines

_COMMIT = re.compile(
    r"(?:\A|;)(?:\s|/\*.*?\*/|--[^\n]*\n)*(?:commit|end|prepare\s+transaction)\b", re.IGNORECASE | re.DOTALL
)
_PATCHED = (
    "do_begin",
    "do_commit",
    "do_rollback",
    "do_close",
    "do_terminate",
    "do_ping",
    "set_isolation_level",
    "do_begin_twophase",
    "do_prepare_twophase",
    "do_commit_twophase",
    "do_rollback_twophase",
)


@asynccontextmanager
async def nothing_stays(
    statement_timeout_ms: int, lock_timeout_ms: int, doors: Doors | None = None
) -> AsyncIterator[Held]:
    """Roll back whatever engines do inside the block; their pools are closed at its end.

    Enter it before the app is imported, for the app may connect as it is.

    Args:
        statement_timeout_ms: the server stops a statement that runs longer.
        lock_timeout_ms: the server stops a statement that waits longer for a lock.
        doors: told when a pooler takes no read-only connections.
    """
    settings = (
        f"SET LOCAL statement_timeout = {statement_timeout_ms}",
        f"SET LOCAL lock_timeout = {lock_timeout_ms}",
        "SET LOCAL idle_in_transaction_session_timeout = 0",  # between two requests
    )
    doors = doors or Doors()
    holding, before = _Holding(settings, doors), WeakSet(engines())
    held = Held(holding, before)
    listeners: list[tuple[type, str, Callable[..., Any]]] = [
        (Engine, "engine_connect", holding.hold),
        (Engine, "do_connect", holding.connect),
        (Engine, "before_cursor_execute", partial(_before_execute, doors)),
        (Pool, "connect", holding.connected),
        (Pool, "checkout", holding.lines.checked_out),
        (Pool, "checkin", lambda connection, record: holding.lines.checked_in(connection)),
    ]
    for target, name, listener in listeners:
        event.listen(target, name, listener)
    try:
        yield held
    finally:
        for engine in held.engines():
            holding.hold_engine(engine)
        await greenlet_spawn(holding.lines.end)
        for engine in holding.engines:
            await greenlet_spawn(engine.dispose)
        for target, name, listener in listeners:
            event.remove(target, name, listener)
        holding.release({engine.dialect for engine in before})


class Held:
    """What is held back, for who calls the app."""

    def __init__(self, holding: _Holding, before: WeakSet[Engine]) -> None:
        self._holding, self._before = holding, before

    def engines(self) -> list[Engine]:
        """Return the engines on PostgreSQL that were made or used inside, those that connected first."""
        connected = [one for one in self._holding.engines if one.dialect.name == "postgresql"]
        return [*connected, *(one for one in engines() if one not in self._before and one not in connected)]

    async def keep_startup(self) -> None:
        """Let all requests see what was committed until now."""
        await greenlet_spawn(self._holding.lines.keep_startup)

    async def end_request(self) -> None:
        """Undo what was committed since the last request."""
        await greenlet_spawn(self._holding.lines.end_request)


class _Holding:
    """The engines seen so far, and their dialects with their commits held back."""

    def __init__(self, settings: tuple[str, ...], doors: Doors) -> None:
        self._settings, self._doors = settings, doors
        self._dialects: list[Dialect] = []
        self.engines: list[Engine] = []
        self.lines = Lines()

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
        begin_before, set_level_before, ping_before = dialect.do_begin, dialect.set_isolation_level, dialect.do_ping
        roll_back_before, close_before, terminate_before = dialect.do_rollback, dialect.do_close, dialect.do_terminate
        lines = self.lines

        def line_of(pooled: Any) -> Line:
            return lines.line(getattr(pooled, "dbapi_connection", pooled), dialect, roll_back_before)

        def begin(pooled: Any) -> None:
            line = line_of(pooled)
            lines.begin(line, lambda: begin_really(pooled))
            if line.is_inside:  # the app may have set its own limits again
                line.execute(*settings)

        def begin_really(pooled: Any) -> None:
            driver_connection = getattr(pooled, "dbapi_connection", pooled)
            if getattr(driver_connection, "autocommit", False):
                driver_connection.autocommit = False
            begin_before(pooled)
            _prepare(driver_connection, settings, getattr(dialect, "server_version_info", None) or (14,))

        def commit(pooled: Any) -> None:
            if dialect.name == "postgresql":
                lines.commit(line_of(pooled))

        def roll_back(pooled: Any) -> None:
            lines.roll_back(line_of(pooled))

        def set_level(driver_connection: Any, level: Any) -> None:
            if not line_of(driver_connection).is_open:  # in a transaction it cannot change
                set_level_before(driver_connection, "READ COMMITTED" if level == "AUTOCOMMIT" else level)

        def ping(driver_connection: Any) -> bool:
            return line_of(driver_connection).is_open or ping_before(driver_connection)

        def close(driver_connection: Any) -> None:
            if lines.closes(driver_connection):
                close_before(driver_connection)

        def terminate(driver_connection: Any) -> None:
            lines.forget(driver_connection)
            terminate_before(driver_connection)

        # Instance attributes hide the methods; `release` deletes them again.
        replacements: tuple[Callable[..., object], ...] = (
            begin,
            commit,
            roll_back,
            close,
            terminate,
            ping,
            set_level,
            lambda of, xid: begin(of.connection),
            lambda of, xid: None,
            lambda of, xid, is_prepared=True, recover=False: commit(of.connection),
            lambda of, xid, is_prepared=True, recover=False: roll_back(of.connection),
        )
        for name, replacement in zip(_PATCHED, replacements, strict=True):
            setattr(dialect, name, replacement)

    def connected(self, connection: Any, record: Any) -> None:
        """Take note of a connection that a pool has opened."""
        dialect = record._ConnectionRecord__pool._dialect
        if dialect.name == "postgresql" and dialect in self._dialects:
            roll_back = partial(type(dialect).do_rollback, dialect)
            self.lines.connected(connection, record, dialect, roll_back)
            _disarm(connection)

    def connect(self, dialect: Dialect, record: object, cargs: Any, cparams: dict[str, Any]) -> Any:
        """Connect with read-only transactions as the default; None leaves it to the engine."""
        self._hold(dialect)
        if (kept := self.lines.reusable(dialect)) is not None:
            return kept.connection
        given = _read_only(dialect.driver, cparams) if dialect.name == "postgresql" else None
        if given is None:
            return None
        try:
            return dialect.connect(*cargs, **given)
        except Exception as error:
            if REFUSED not in str(error):
                raise
        self._doors.behind_pooler = True
        token = BY_ENGINE.set(True)
        try:
            return dialect.connect(*cargs, **cparams)
        finally:
            BY_ENGINE.reset(token)

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


def _disarm(connection: Any) -> None:
    """Let the driver's own `commit()` do nothing, where a connection takes that; psycopg2's has a class for it."""
    driver_connection = getattr(connection, "driver_connection", connection)
    if isinstance(driver_connection, psycopg.Connection):
        driver_connection.commit = lambda: None  # type: ignore[method-assign]
    elif isinstance(driver_connection, psycopg.AsyncConnection):
        driver_connection.commit = _nothing  # type: ignore[method-assign]


async def _nothing() -> None:
    pass


def _before_execute(
    doors: Doors,
    connection: Connection,
    cursor: object,
    statement: str,
    parameters: object,
    context: object,
    executemany: bool,
) -> None:
    if _COMMIT.search(statement):
        raise CommitRefused(statement)
    doors.note_statement(statement)
