"""Each statement of a revision on its way to the driver: skipped where the journal has it, or run and written down.

It listens at the dialect's events, where a listener may run the statement itself, or say that it has run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event, text

from pgwright_runtime._locks import lock_key
from pgwright_runtime._sql import read_sql
from pgwright_runtime.migrations.committed import CommittedPart
from pgwright_runtime.migrations.errors import SteppedBack
from pgwright_runtime.migrations.holders import shortened
from pgwright_runtime.migrations.journal import JournalLine, MigrationJournal, RevisionKey, hash_of
from pgwright_runtime.migrations.leftovers import clear
from pgwright_runtime.migrations.looking import SqlLook, look_at
from pgwright_runtime.migrations.pace import MigrationPace
from pgwright_runtime.migrations.patience import RevisionPatience
from pgwright_runtime.migrations.results import MigrationProgress, Tell
from pgwright_runtime.migrations.watching import MigrationWatch

_PACKAGE = "pgwright_runtime.migrations"
_OWN_LOCKS = text(read_sql(_PACKAGE, "own_locks"))
WORKER = "migrations at work"
_OPEN = text("""
    SELECT pg_catalog.pg_backend_pid(), pg_catalog.set_config('lock_timeout', :lock_timeout, true),
        pg_catalog.pg_try_advisory_xact_lock_shared(:key)
""")
_SESSION = text("""
    SELECT a.pid, a.backend_start::text FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_catalog.pg_backend_pid()
""")


class MigrationExecution(RevisionPatience):
    """Runs the statements of one revision after another."""

    run_alone: Callable[[SqlLook, str, Callable[[], None], JournalLine | None], None]
    """Runs a statement of an autocommit block."""

    def __init__(
        self,
        connection: Connection,
        journal: MigrationJournal | None,
        pace: MigrationPace,
        watch: MigrationWatch,
        tell: Tell,
    ) -> None:
        super().__init__(connection, pace, watch, tell)
        self.journal = journal
        self.is_pooled = False
        self.is_own = True
        """Each revision is a transaction of its own."""
        self._is_used = False
        """The transaction has read something, or holds a setting: a rollback would lose it."""
        self._cursor: Any = None
        self.is_open = False
        """Our limits hold in the transaction, and what it did is not written down yet."""
        self.begin_revision(RevisionKey("", True), [])

    def begin_revision(self, key: RevisionKey, lines: Sequence[JournalLine]) -> None:
        """Take over which revision it is, and what of it is committed."""
        self.key = key
        self.done = CommittedPart(key.revision, lines)
        self.written: set[str] = set()
        self.touched: set[str] = set()
        self.locks: dict[str, str] = {}
        self.commits_itself = False
        self.revision, self.held_s = key.revision, 0.0
        self.begin_try()

    def begin_try(self) -> None:
        """Count its statements from the first one again."""
        self.ordinal, self.tries = 0, 1
        self.is_autocommit, self.is_result_unused, self.is_first = False, False, False
        self.done.has_read_rows = False
        self._buffer: list[JournalLine] = []
        self._flushed: list[JournalLine] = []
        self._savepoints: list[int] = []
        self.statement, self._hash = "", ""

    # ---- The transaction that the statements are in.

    def open_transaction(self) -> None:
        """Set its limits, and say who we are; it is watched from here on."""
        with self.ours():
            given = {"lock_timeout": f"{self.pace.lock_timeout_ms}ms", "key": lock_key(WORKER)}
            self.pid = self.connection.execute(_OPEN, given).one()[0]
        self.is_open, self._is_used = True, False
        self.watch.begin(self.pid)

    def flush(self) -> None:
        """Write the rows of the statements of this transaction, which is about to be committed for others to follow."""
        self.is_open = False
        if self.journal is not None:
            locks = self.own_locks()
            whole = JournalLine(0, f"-- {self.key.revision}", "running", locks=self.locks)
            self.note([whole, *self._buffer])
            self.locks.update(locks)
        self._flushed, self._buffer = self._buffer, []

    def committed(self) -> None:
        """What was written down is there."""
        self.done.add(self._flushed)
        self._flushed = []

    def finish(self, seconds: float, waited_s: float, tries: int, note: Mapping[str, Any]) -> None:
        """Write the row of the whole revision, in its last transaction."""
        self.is_open = False
        self.locks.update(self.own_locks())
        if self.journal is not None:
            whole = JournalLine(0, f"-- {self.key.revision}", "done", seconds, waited_s, tries, self.locks, note)
            self.note([whole, *(self._buffer if self.done else ())])

    def own_locks(self) -> dict[str, str]:
        """Return the strongest mode that this transaction holds on each table."""
        with self.ours():
            found = {row.table_name: row.mode for row in self.connection.execute(_OWN_LOCKS)}
        own = self.journal.table.replace('"', "") if self.journal else ""
        return {name: mode for name, mode in found.items() if name.replace('"', "") not in (own, own.split(".")[-1])}

    def restart(self) -> None:
        """Roll back what the transaction has read, which Alembic's goes on with."""
        self.connection.connection.rollback()
        self.is_open = False

    # ---- The journal.

    def line(
        self, statement: str, seconds: float, *, state: str = "done", note: Mapping[str, Any] | None = None,
        locks: Mapping[str, str] | None = None, tries: int = 1,
    ) -> JournalLine:  # fmt: skip
        """Return the row of the statement that runs."""
        line = JournalLine(
            self.ordinal, statement, state, seconds, tries=tries, locks=locks, note=note, hash=self._hash
        )
        if state == "done":
            self.locks.update(locks or {})
            self.done.add([line])
        return line

    def undone(self) -> None:
        """Take back that the statement that runs is done: its COMMIT failed."""
        self.done.take_back(self.ordinal)

    def note(self, lines: Sequence[JournalLine]) -> None:
        if self.journal is not None:
            with self.ours():
                self.journal.write(self.connection, self.key, lines)

    def forget(self) -> None:
        """Take the row of the statement that runs back."""
        if self.journal is not None:
            with self.ours():
                self.journal.forget(self.connection, self.key, self.ordinal)

    def session(self) -> dict[str, Any]:
        """Return what says later whether the session of ours still lives."""
        with self.ours():
            row = self.connection.execute(_SESSION).first()
        if row is None:
            return {}
        self.pid = row[0]
        return {"pid": row[0], "backend_start": row[1]}

    # ---- On the way to the driver.

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle the statements of the connection inside the block."""
        engine = self.connection.engine
        on_engine: tuple[tuple[str, Callable[..., Any]], ...] = (
            ("do_execute", self._do_execute),
            ("do_executemany", self._do_executemany),
            ("do_execute_no_params", self._do_execute_no_params),
        )
        on_connection: tuple[tuple[str, Callable[..., Any]], ...] = (
            ("savepoint", self._savepoint),
            ("rollback_savepoint", self._rollback_savepoint),
            ("release_savepoint", self._release_savepoint),
            ("commit", self._committed_itself),
            ("rollback", self._ended),
        )
        for name, function in on_engine:
            event.listen(engine, name, function, insert=True)
        for name, function in on_connection:
            event.listen(self.connection, name, function)
        try:
            yield
        finally:
            for name, function in on_engine:
                event.remove(engine, name, function)
            for name, function in on_connection:
                event.remove(self.connection, name, function)

    def _do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
        return self._handle(
            statement, context, lambda: context.dialect.do_execute(cursor, statement, parameters, context), cursor
        )

    def _do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
        return self._handle(
            statement, context, lambda: context.dialect.do_executemany(cursor, statement, parameters, context), cursor
        )

    def _do_execute_no_params(self, cursor: Any, statement: str, context: Any) -> bool | None:
        return self._handle(
            statement, context, lambda: context.dialect.do_execute_no_params(cursor, statement, context), cursor
        )

    def _savepoint(self, connection: Connection, name: str) -> None:
        self._savepoints.append(len(self._buffer))

    def _rollback_savepoint(self, connection: Connection, name: str, context: object) -> None:
        if self._savepoints:
            del self._buffer[self._savepoints.pop() :]

    def _release_savepoint(self, connection: Connection, name: str, context: object) -> None:
        if self._savepoints:
            self._savepoints.pop()

    def _committed_itself(self, connection: Connection) -> None:
        """Forget what a revision committed itself: the next run does it again, as Alembic would.

        A loop over what is left to do sends the same texts for other rows, and none of those may be skipped.
        """
        # Where the runner commits, or Alembic, it was written down before.
        self.commits_itself |= self.is_open
        self._ended(connection)

    def _ended(self, connection: Connection) -> None:
        self._buffer, self.is_open = [], False

    def _handle(self, statement: str, context: Any, send: Callable[[], None], cursor: Any) -> bool | None:
        if self._is_ours or context.root_connection is not self.connection:
            return None
        if self.watch.stepped_back:
            raise SteppedBack(self.watch.stepped_back)
        if not self.is_open and not self.is_autocommit:
            self.open_transaction()
        look = look_at(statement)
        if look.kind == "session" or (look.kind == "read" and not self.is_result_unused):
            self.done.has_read_rows |= look.reads_rows
            self._is_used = True
            return None
        self.ordinal += 1
        try:
            self._hash = hash_of(statement, [one for one in context.parameters if one])
            done = self.done.find(self.ordinal, statement, self._hash)
            if done is not None and done.state == "done":
                self.done.skip(context, look, statement, done, is_result_unused=self.is_result_unused)
                return True
            with self.ours():
                self._run(look, statement, send, done, cursor)
        except BaseException:
            self.ordinal -= 1
            raise
        self._remember(look, cursor)
        return True

    def _run(
        self, look: SqlLook, statement: str, send: Callable[[], None], interrupted: JournalLine | None, cursor: Any
    ) -> None:
        self.statement = statement
        self._tell(MigrationProgress("running", self.revision, statement=shortened(statement)))
        self._cursor = cursor
        if self.is_autocommit:
            self.run_alone(look, statement, send, interrupted)
            return
        started = time.monotonic()
        if self._is_alone():
            self._try_in_place(look, statement, send)
        else:
            self.give_way(look, statement)
            self._send(look, send)
        note = self.given() if look.writes_rows else None
        line = JournalLine(self.ordinal, statement, seconds=time.monotonic() - started, note=note, hash=self._hash)
        self._buffer.append(line)

    def given(self) -> dict[str, Any]:
        """Return what the statement gave, as far as it can be given again."""
        rows, has_rows = getattr(self._cursor, "rowcount", -1), getattr(self._cursor, "description", None)
        return {} if has_rows or rows < 0 else {"rowcount": rows}

    def _is_alone(self) -> bool:
        """Return whether nothing else is in the transaction, after something that is committed."""
        is_first = self.is_own and not (self._buffer or self._savepoints or self._is_used)
        return is_first and bool(self.done or self.commits_itself)

    def _try_in_place(self, look: SqlLook, statement: str, send: Callable[[], None]) -> None:
        """Try the statement again by itself, so that the revision need not begin anew."""

        def once() -> None:
            if not self.is_open:
                self.open_transaction()
            try:
                self.give_way(look, statement)
                self._send(look, send)
            except BaseException:
                self.watch.pause()
                if not self.connection.invalidated:
                    self.restart()
                raise

        self.is_first = True
        try:
            self.tried(statement, once)
        finally:
            self.is_first = False

    def _send(self, look: SqlLook, send: Callable[[], None]) -> None:
        if look.kind == "build":
            clear(self.connection, look, self._drop_beside)
        send()

    def _drop_beside(self, statement: str) -> None:
        self.connection.exec_driver_sql(statement.replace(" CONCURRENTLY", "")).close()

    def _remember(self, look: SqlLook, cursor: Any) -> None:
        """Note what ANALYZE may be for."""
        for table, mode in look.needs if look.kind in ("build", "other") else ():
            self.touched.add(table)
            if mode == "RowExclusiveLock" and getattr(cursor, "rowcount", 0) > MANY_ROWS:
                self.written.add(table)


MANY_ROWS = 1000
"""Fewer rows that were written are left to autovacuum, which comes at 50 and 10 % (`autovacuum_analyze_threshold`)."""
