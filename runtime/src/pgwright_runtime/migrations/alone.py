"""One statement of an autocommit block: in a transaction with its row of the journal, or bare where it runs in none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pgwright_runtime.migrations.execution import MigrationExecution
from pgwright_runtime.migrations.journal import JournalLine, code_of
from pgwright_runtime.migrations.leftovers import clear, noted_before, settle
from pgwright_runtime.migrations.looking import SqlLook

# "cannot run inside a transaction block", and a COMMIT inside of a procedure.
_ONLY_BARE = ("25001", "2D000")


class LoneStatement:
    """Runs what an autocommit block is given, once."""

    def __init__(self, execution: MigrationExecution) -> None:
        self._of, self._connection = execution, execution.connection
        self._note: dict[str, Any] = {}
        self._was_begun = False

    def run(self, look: SqlLook, statement: str, send: Callable[[], None], interrupted: JournalLine | None) -> None:
        """Run it; `interrupted` is its row of a run that was killed meanwhile."""
        if look.is_bare or interrupted is not None:
            self._bare(look, statement, send, interrupted)
            return
        try:
            self._of.tried(statement, lambda: self._in_transaction(look, statement, send))
        except Exception as error:
            if code_of(error) not in _ONLY_BARE:
                raise
            self._bare(look, statement, send, None)

    def _in_transaction(self, look: SqlLook, statement: str, send: Callable[[], None]) -> None:
        self._of.give_way(look, statement)
        started = time.monotonic()
        self._sql("BEGIN")
        try:
            self._of.open_transaction()
            if look.kind == "build":
                clear(self._connection, look, lambda drop: self._sql(drop.replace(" CONCURRENTLY", "")))
            send()
            given = self._of.given() if look.writes_rows else None
            line = self._of.line(statement, time.monotonic() - started, note=given, locks=self._of.own_locks())
            self._of.note([line])
            self._sql("COMMIT")
        except BaseException:
            self._of.undone()
            with suppress(Exception):
                self._sql("ROLLBACK")
            raise
        finally:
            self._of.is_open = False
            self._of.watch.pause()

    def _bare(self, look: SqlLook, statement: str, send: Callable[[], None], interrupted: JournalLine | None) -> None:
        self._note, self._was_begun = dict(interrupted.note or {}) if interrupted else {}, interrupted is not None
        with self._patient(look):
            self._of.tried(statement, lambda: self._once(look, statement, send))

    def _once(self, look: SqlLook, statement: str, send: Callable[[], None]) -> None:
        if self._was_begun and settle(self._connection, look, self._note, statement, self._sql_patiently):
            self._of.note([self._of.line(statement, 0.0)])
            return
        self._of.give_way(look, statement)
        clear(self._connection, look, self._sql_patiently)
        self._note = {**noted_before(self._connection, look), **self._of.session()}
        self._of.note([self._of.line(statement, 0.0, state="running", note=self._note)])
        started, self._was_begun = time.monotonic(), True
        self._of.watch.begin(self._of.pid, is_lasting=look.is_lasting)
        try:
            send()
        except BaseException as error:
            self._of.watch.pause()
            if not self._of.is_passing(error) and not self._connection.invalidated:
                self._undo_quickly(look, statement)
            raise
        finally:
            self._of.watch.pause()
        locks = {look.table: "ShareUpdateExclusiveLock"} if look.is_lasting and look.kind != "drop index" else {}
        given = self._of.given() if look.writes_rows else None
        seconds = time.monotonic() - started
        self._of.note([self._of.line(statement, seconds, note=given, locks=locks, tries=self._of.tries)])

    def _undo_quickly(self, look: SqlLook, statement: str) -> None:
        """Take away what the statement left, if that goes at once: whoever pressed Ctrl-C does not wait for others.

        What is left is in the journal, and the next run deals with it.
        """
        with suppress(Exception):
            if not self._of.is_pooled:
                self._sql(f"SET lock_timeout = {self._of.pace.lock_timeout_ms}")
            if not settle(self._connection, look, self._note, statement, self._sql):
                self._of.forget()

    @contextmanager
    def _patient(self, look: SqlLook) -> Iterator[None]:
        """Let a long step run to its end; give the session its own settings back after.

        Behind a pooler in transaction mode a setting would stay on a session that others use next.
        """
        if self._of.is_pooled:
            yield
            return
        wait_ms = self._of.pace.long_wait_s * 1000 if look.is_lasting else self._of.pace.lock_timeout_ms
        names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        before = {name: self._sql(f"SHOW {name}", reads=True) for name in names}
        for name, value in zip(names, (f"{wait_ms:.0f}ms", "0", "0"), strict=True):
            self._sql(f"SET {name} = '{value}'")
        try:
            yield
        finally:
            with suppress(Exception):
                for name, value in before.items():
                    self._sql(f"SET {name} = '{value}'")

    def _sql_patiently(self, statement: str) -> None:
        self._of.tried(statement, lambda: self._sql(statement))

    def _sql(self, statement: str, *, reads: bool = False) -> Any:
        with self._of.ours():
            result = self._connection.exec_driver_sql(statement)
            return result.scalar() if reads else result.close()
