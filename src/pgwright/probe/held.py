"""Commits held back: what a handler committed is seen until its request ends, and is undone then.

A driver connection whose transaction holds commits keeps that transaction open. What the app takes for a transaction
is a savepoint in it from then on. The pool hands such a connection out before any other, so that later transactions of
the request see what earlier ones committed. What the startup committed stays below a savepoint of its own, for all
requests.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine.interfaces import Dialect

_INNER, _BASE = "pgwright_inner", "pgwright_startup"
# Not assigned: the transaction wrote nothing, and locked no row.
_HAS_WRITTEN = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"


@dataclass(eq=False)
class Line:
    """One driver connection, as SQLAlchemy has it."""

    connection: Any
    dialect: Dialect
    roll_back: Callable[[Any], None]
    """The dialect's own, for the whole transaction."""
    record: Any = None
    """The pool's record of it; None while no pool has it."""
    span: int = 0
    """The request whose commits it holds."""
    is_in_use: bool = False
    holds_commits: bool = False
    holds_startup: bool = False
    is_inside: bool = False
    """The app's transaction is a savepoint."""

    @property
    def is_open(self) -> bool:
        return self.holds_commits or self.holds_startup

    def execute(self, *statements: str) -> None:
        cursor = self.connection.cursor()
        try:
            for statement in statements:
                cursor.execute(statement)
        finally:
            cursor.close()

    def has_written(self) -> bool:
        cursor = self.connection.cursor()
        try:
            cursor.execute(_HAS_WRITTEN)
            return bool(cursor.fetchone()[0])
        finally:
            cursor.close()

    def undo(self) -> None:
        """Undo what was committed since the startup."""
        if self.holds_startup:
            self.execute(f"ROLLBACK TO SAVEPOINT {_BASE}")
        else:
            self.roll_back(self.connection)
        self.holds_commits = self.is_inside = False


class Lines:
    """The driver connections of the engines on PostgreSQL."""

    def __init__(self) -> None:
        self._by_id: dict[int, Line] = {}
        self._span = 0
        self.is_over = False
        """Nothing is held any more: what a thread left behind commits is undone when its connection goes back."""

    def begin(self, line: Line, begin: Callable[[], None]) -> None:
        """Begin a transaction of the app; `begin` begins one for real."""
        if line.holds_commits and line.span != self._span:
            line.undo()
        if line.is_open:
            line.execute(f"SAVEPOINT {_INNER}")
            line.is_inside = True
        else:
            begin()

    def commit(self, line: Line) -> None:
        """Hold a commit back; a transaction that wrote nothing is over."""
        if self.is_over:
            return
        try:
            has_written = line.has_written()
        except Exception:  # noqa: BLE001 - the transaction has failed, and COMMIT would undo it
            has_written = False
        if not has_written:
            self.roll_back(line)
            return
        if line.is_inside:
            line.execute(f"RELEASE SAVEPOINT {_INNER}")
            line.is_inside = False
        line.holds_commits, line.span = True, self._span

    def roll_back(self, line: Line) -> None:
        """Undo the app's transaction, and nothing that was committed before."""
        if line.is_inside:
            line.execute(f"ROLLBACK TO SAVEPOINT {_INNER}", f"RELEASE SAVEPOINT {_INNER}")
            line.is_inside = False
        elif not line.is_open:
            line.roll_back(line.connection)

    def line(self, connection: Any, dialect: Dialect, roll_back: Callable[[Any], None]) -> Line:
        found = self._by_id.get(id(connection))
        if found is None:
            found = self._by_id[id(connection)] = Line(connection, dialect, roll_back)
        return found

    def known(self, connection: Any) -> Line | None:
        return self._by_id.get(id(connection))

    def forget(self, connection: Any) -> None:
        self._by_id.pop(id(connection), None)

    def reusable(self, dialect: Dialect) -> Line | None:
        """Return a connection that holds commits, that nobody uses, and that no pool has."""
        return next((one for one in self._free(dialect) if one.record is None), None)

    def checked_out(self, connection: Any, record: Any, proxy: Any) -> None:
        """Take note of a connection that a pool hands out; another takes its place where that holds commits."""
        line = self.known(connection)
        if line is None:
            return
        if not line.is_open and (held := next(iter(self._free(line.dialect)), None)) is not None:
            self._exchange(line, held)
            record.dbapi_connection = proxy.dbapi_connection = held.connection
            line = held
        line.record, line.is_in_use = record, True

    def _exchange(self, line: Line, held: Line) -> None:
        """Give a connection the place that another leaves in the pool; it is closed where there is none."""
        line.is_in_use, line.record = False, held.record
        if held.record is not None:
            held.record.dbapi_connection = line.connection
        else:
            self.forget(line.connection)
            line.connection.close()

    def connected(self, connection: Any, record: Any, dialect: Dialect, roll_back: Callable[[Any], None]) -> None:
        """Take note of a connection that a pool opened, or got back."""
        line = self.line(connection, dialect, roll_back)
        line.record, line.is_in_use = record, True

    def closes(self, connection: Any) -> bool:
        """Whether a connection may be closed; one that holds commits is kept, for a later one to take its place."""
        line = self.known(connection)
        if line is None or not line.is_open or self.is_over:
            self.forget(connection)
            return True
        line.record, line.is_in_use = None, False
        return False

    def checked_in(self, connection: Any) -> None:
        if (line := self.known(connection)) is not None:
            line.is_in_use = False

    def keep_startup(self) -> None:
        """Keep for all requests what was committed until now."""
        for line in self._by_id.values():
            if line.holds_commits and not line.is_in_use:
                line.execute(f"SAVEPOINT {_BASE}")
                line.holds_commits, line.holds_startup = False, True
        self._span += 1

    def end_request(self) -> None:
        """Undo what was committed since the last request; on a connection that is still used, when it is used next."""
        self._span += 1
        for line in list(self._by_id.values()):
            if line.holds_commits and not line.is_in_use:
                with suppress(Exception):  # the server has closed it
                    line.undo()

    def end(self) -> None:
        """Undo everything, and close what no pool has."""
        self.is_over = True
        for line in list(self._by_id.values()):
            line.holds_startup = False
            if line.is_in_use:
                continue
            with suppress(Exception):
                line.undo()
                if line.record is None:
                    line.connection.close()

    def _free(self, dialect: Dialect) -> list[Line]:
        return [
            one
            for one in self._by_id.values()
            if one.dialect is dialect
            and not one.is_in_use
            and (one.holds_startup or (one.holds_commits and one.span == self._span))
        ]
