"""A second session that watches the one that migrates, from a thread of its own: whom it holds up, and who holds it up.

It steps in where nobody who waits for us may wait any longer: it cancels the statement of ours, which rolls back what
was locked. It has a thread also beside an async driver, with an event loop of its own, for a revision's Python code
leaves the app's loop no time.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.util import await_only, greenlet_spawn

from pgwright_runtime._sql import read_sql
from pgwright_runtime.migrations.holders import blockers
from pgwright_runtime.migrations.pace import MigrationPace

_PACKAGE = "pgwright_runtime.migrations"
_WAITING = text(read_sql(_PACKAGE, "waiting"))
_BUILD = text(read_sql(_PACKAGE, "build"))
_CANCEL = text("SELECT pg_catalog.pg_cancel_backend(CAST(:pid AS integer))")
_END = text("SELECT pg_catalog.pg_terminate_backend(CAST(:pid AS integer))")
_LIMITS = text("SELECT set_config('statement_timeout', '5s', false), set_config('lock_timeout', '1s', false)")
# What the server can do in the time that a look takes is seen at the next one, so the limit is that much lower.
LOOK_S = 0.01
# Nothing is held: there is nothing to see but a build's progress.
_CALM_LOOK_S = 0.2
_APP_MODES = ("AccessShareLock", "RowShareLock", "RowExclusiveLock")
_ROW_LOCKS = ("transactionid", "tuple", "virtualxid")
# A cancel reaches only a statement; a session that computes in Python while others wait for it is ended.
_TO_END_S = 1.0
Built = Callable[[str, int, int], None]


class MigrationWatch:
    """What the watcher sees of one session, and whether it stepped in."""

    def __init__(self, pace: MigrationPace, built: Built) -> None:
        self._limit_ms = pace.queue_limit_ms - LOOK_S * 1000
        self._built = built
        self._first_seen: dict[int, float] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._awake = threading.Event()
        self._pid: int | None = None
        self._is_lasting = False
        self.stepped_back = ""
        """Who waited too long for us; "" while we did not step back."""
        self.stepped_back_at = 0.0
        self.waits_for: tuple[str, str, str] | None = None
        """What we waited for last: the table, the mode, and who held it."""
        self.trouble = ""
        """Why nothing is watched; "" while it is."""
        self.is_up = threading.Event()

    def begin(self, pid: int, *, is_lasting: bool = False) -> None:
        """Watch the session from here on. A step that lasts waits for others by design, and nobody for it."""
        with self._lock:
            self._pid, self._is_lasting = pid, is_lasting
            self._first_seen.clear()
        self._awake.set()

    def pause(self) -> None:
        """Nothing of ours is under way."""
        with self._lock:
            self._pid = None
        self._awake.clear()

    def forget(self) -> None:
        """Begin anew with the next try."""
        with self._lock:
            self.stepped_back, self.waits_for = "", None

    def end(self) -> None:
        self._ended.set()
        self._awake.set()

    def watch(self, engine: Engine, rest: Callable[[float], None]) -> None:
        """Look until the end; a lost connection is opened again."""
        while not self._ended.is_set():
            try:
                with engine.connect() as connection:
                    connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                    connection.execute(_LIMITS)
                    self.trouble = ""
                    self.is_up.set()
                    self._look_on(connection, rest)
            except (SQLAlchemyError, OSError) as error:
                self.trouble = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
                self.is_up.set()
                rest(0.5)

    def _look_on(self, connection: Connection, rest: Callable[[float], None]) -> None:
        looked = 0.0
        while not self._ended.is_set():
            if not self._awake.wait(0.5):
                continue
            with self._lock:
                pid, is_lasting = self._pid, self._is_lasting
            if pid is None:
                continue
            self._look(connection, pid)
            if is_lasting and time.monotonic() - looked > _CALM_LOOK_S:
                looked = time.monotonic()
                self._look_at_build(connection, pid)
            rest(LOOK_S)

    def _look(self, connection: Connection, pid: int) -> None:
        seen: dict[int, float] = {}
        for row in connection.execute(_WAITING, {"pid": pid}).all():
            if row.is_us:
                if self.waits_for is None or self.waits_for[:2] != (str(row.table_name), row.mode):
                    self.waits_for = (str(row.table_name or row.locktype), row.mode, blockers(connection, pid))
                continue
            seen[row.pid] = self._first_seen.get(row.pid, time.monotonic())
            waited_ms = row.waited_ms if row.waited_ms is not None else (time.monotonic() - seen[row.pid]) * 1000
            if waited_ms >= self._limit_ms and (row.mode in _APP_MODES or row.locktype in _ROW_LOCKS):
                self._step_back(connection, pid, row, waited_ms)
        self._first_seen = seen

    def _step_back(self, connection: Connection, pid: int, row: Any, waited_ms: float) -> None:
        with self._lock:
            if self._pid != pid or (self._is_lasting and row.locktype == "virtualxid"):
                return
            now = time.monotonic()
            if self.stepped_back and now - self.stepped_back_at < _TO_END_S:
                if now - self.stepped_back_at > _TO_END_S / 10:
                    connection.execute(_CANCEL, {"pid": pid})
                return
            ends = bool(self.stepped_back)
            if not ends:
                what = row.table_name or row.locktype
                self.stepped_back = f"process {row.pid} waited {waited_ms:,.0f} ms for {row.mode} on {what}"
                self.stepped_back_at = now
            connection.execute(_END if ends else _CANCEL, {"pid": pid})

    def _look_at_build(self, connection: Connection, pid: int) -> None:
        for row in connection.execute(_BUILD, {"pid": pid}):
            if row.blocks_total:
                self._built(row.phase, row.blocks_done, row.blocks_total)
            elif row.tuples_total:
                self._built(row.phase, row.tuples_done, row.tuples_total)
            elif row.lockers_total:
                self._built(row.phase, row.lockers_done, row.lockers_total)
            else:
                self._built(row.phase or "", 0, 0)


@contextmanager
def watched(engine: Engine, pace: MigrationPace, built: Built) -> Iterator[MigrationWatch]:
    """Watch inside the block, by sessions of the engine, which opens each anew."""
    watch = MigrationWatch(pace, built)
    thread = threading.Thread(target=_run, args=(engine, watch), name="pgwright-migrations", daemon=True)
    thread.start()
    try:
        watch.is_up.wait(10)
        yield watch
    finally:
        watch.end()
        thread.join(10)


def _run(engine: Engine, watch: MigrationWatch) -> None:
    if not engine.dialect.is_async:
        watch.watch(engine, time.sleep)
        return
    with suppress(asyncio.CancelledError):
        asyncio.run(_in_a_loop(engine, watch))


async def _in_a_loop(engine: Engine, watch: MigrationWatch) -> None:
    await greenlet_spawn(watch.watch, engine, lambda seconds: await_only(asyncio.sleep(seconds)))
