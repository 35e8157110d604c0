"""The session that only reads: on a replica that shows the caller's writes, and elsewhere when that one fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, SessionTransaction

from pgwright_runtime._alchemy import is_autocommit, take_out
from pgwright_runtime._failures import is_connection_lost
from pgwright_runtime.replicas.errors import PrimaryOnly, WriteOnReadSession
from pgwright_runtime.replicas.failures import is_connecting_failed, is_recovery_conflict
from pgwright_runtime.replicas.router import Route, Router
from pgwright_runtime.replicas.transcripts import OPTION, UNWATCHED, Transcript

_EMPTY = Transcript()
_CHARACTERISTICS = ("isolation_level", "postgresql_readonly", "postgresql_deferrable")


class ReadingSession(Session):
    """A session whose transactions are READ ONLY.

    Under READ COMMITTED every statement has a snapshot of its own, so it may run on another server than the one before
    it, if that server is not behind. That holds unless a statement left something in the transaction (`SET LOCAL`, a
    cursor, an advisory lock) or a SAVEPOINT is open: then the transaction stays where it is, and fails with its server.
    So does one of a higher isolation level after its first statement, and one that `connection()` gave characteristics
    of its own, since it could not be begun elsewhere as it was here.
    """

    def __init__(self, *args: Any, router: Router, **options: Any) -> None:
        super().__init__(*args, **options)
        self._router = router
        self._route: Route | None = None
        self._connection: Connection | None = None
        self._transcript = _EMPTY
        self._has_read = False
        self._has_characteristics = False

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine:
        return self._direct().server.reading

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        return self._read(super().execute, args, kwargs)

    def scalar(self, *args: Any, **kwargs: Any) -> Any:
        return self._read(super().scalar, args, kwargs)

    def scalars(self, *args: Any, **kwargs: Any) -> Any:
        return self._read(super().scalars, args, kwargs)

    def connection(self, *args: Any, **kwargs: Any) -> Connection:
        options = kwargs.get("execution_options") or (args[1] if len(args) > 1 else None) or {}
        if options.get("postgresql_readonly") is False:
            raise WriteOnReadSession("begin READ WRITE")
        if _level(options) == "AUTOCOMMIT":
            # There only BEGIN READ ONLY keeps the primary from writing.
            raise WriteOnReadSession("run in AUTOCOMMIT")
        if _level(options) == "SERIALIZABLE" and self._connection is None:
            self._route = self._router.on_primary("primary only")
        connection: Connection = self._repeat(super().connection, args, kwargs)
        return connection

    def rollback(self) -> None:
        self._leave()
        super().rollback()

    def close(self) -> None:
        self._leave()
        super().close()

    def reset(self) -> None:
        self._leave()
        super().reset()

    def _read(self, run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if getattr(args[0] if args else kwargs.get("statement"), "is_dml", False):
            raise WriteOnReadSession("execute INSERT, UPDATE or DELETE")
        result = self._repeat(run, args, kwargs)
        self._has_read = True
        route = self._route
        self._router.count((route and route.reason) or "replica")
        return result

    def _repeat(self, run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run it, and once more elsewhere if its replica fails or is no place for it."""
        while True:
            self._direct()
            is_bound = self._is_bound_to_server()
            try:
                return run(*args, **kwargs)
            except PrimaryOnly:
                if is_bound:
                    raise
                self._leave()
                self._route = self._router.on_primary("primary only")
            except Exception as error:
                if not self._fail_over(error, is_bound=is_bound):
                    raise

    def _direct(self) -> Route:
        """Return the server of the next statement, which shows the caller's writes up to now."""
        if not self._router.watchers.is_running():
            self._router.watchers.start()
        needed = self._router.callers.needed()
        route = self._route
        if route is None or not (route.server.covers(needed) or self._is_bound_to_server()):
            self._leave()
            route = self._router.choose(needed)
            if route.reason == "not replayed":
                route = self._router.wait(needed)
            self._route = route
        return route

    def _is_bound_to_server(self) -> bool:
        transcript, route = self._transcript, self._route
        has_snapshot = transcript.statements and route is not None and route.server.keeps_snapshot
        return transcript.has_state or self._has_characteristics or bool(has_snapshot) or self.in_nested_transaction()

    def _fail_over(self, error: Exception, *, is_bound: bool) -> bool:
        """Go on elsewhere if the error is the replica's, and nothing in the transaction is lost by it."""
        route, connection = self._route, self._connection
        if route is None or route.server.is_primary:
            return False
        if is_recovery_conflict(error):
            is_lost = False
        elif connection is None:
            # A pool is exhausted by a replica that hangs, but also by too many requests: those have to wait.
            is_lost = is_connecting_failed(error) or (isinstance(error, PoolTimeout) and not route.server.is_healthy)
        else:
            is_lost = is_connection_lost(error)
        if is_lost:
            if not route.server.problem:
                route.server.fail(f"{type(error).__name__} in a read")
            if connection is not None and not connection.invalidated:
                connection.invalidate()
        elif not is_recovery_conflict(error):
            return False
        if is_bound:
            return False
        self._leave()
        self._router.count("failovers")
        # Another replica may be behind what was read already; the primary never is. Nor would it conflict.
        chosen = None if self._has_read or not is_lost else self._router.choose(self._router.callers.needed())
        self._route = chosen if chosen and not chosen.reason else self._router.on_primary("failed over")
        return True

    def _leave(self) -> None:
        """End the transaction on its server, which may have gone: nothing can be lost by that."""
        transaction, connection = self.get_transaction(), self._connection
        self._connection, self._has_characteristics = None, False
        if transaction is None or connection is None:
            return
        take_out(connection, transaction)
        if self._transcript.locks_connection:
            _unlock(connection)
        try:
            connection.close()
        except Exception as error:
            if not is_connection_lost(error):
                raise
            if not connection.closed:
                connection.invalidate()
                connection.close()

    def _began(self, connection: Connection) -> None:
        assert self._route is not None  # get_bind() took the connection from it
        server = self._route.server
        if server.is_primary and is_autocommit(connection):
            raise WriteOnReadSession("run on a primary whose engine is in AUTOCOMMIT")
        locking = self._router.watchers.primary.locking
        self._transcript = Transcript(is_on_replica=not server.is_primary, locking=locking)
        own, given = server.reading.get_execution_options(), connection.get_execution_options()
        self._has_characteristics = any(given.get(each) != own.get(each) for each in _CHARACTERISTICS)
        self._connection = connection.execution_options(**{OPTION: self._transcript})

    def _ended(self) -> None:
        self._route = self._connection = None
        self._transcript = _EMPTY
        self._has_read = self._has_characteristics = False


def _level(options: Mapping[str, Any]) -> str:
    return str(options.get("isolation_level", "")).replace("_", " ").upper()


def _unlock(connection: Connection) -> None:
    """Give up the advisory locks of a connection that goes back to the pool, which would keep them."""
    for _ in range(2):
        try:
            connection.exec_driver_sql("SELECT pg_advisory_unlock_all()", execution_options=UNWATCHED)
            return
        except DBAPIError:
            # The transaction has failed; once that is over, it can be done.
            with suppress(DBAPIError):
                connection.rollback()
    connection.invalidate()


@event.listens_for(ReadingSession, "before_flush")
def _refuse_flush(session: ReadingSession, context: object, instances: object) -> None:
    changed = [*session.new, *session.deleted, *(each for each in session.dirty if session.is_modified(each))]
    if changed:
        raise WriteOnReadSession(f"flush {type(changed[0]).__name__!r}, which was added, changed or deleted")


@event.listens_for(ReadingSession, "after_begin")
def _began(session: ReadingSession, transaction: SessionTransaction, connection: Connection) -> None:
    if not transaction.nested:
        session._began(connection)


@event.listens_for(ReadingSession, "before_commit")
def _commits(session: ReadingSession) -> None:
    # Where nothing was written, a COMMIT does no more than the end of the transaction, but it can fail.
    if not session.in_nested_transaction():
        session.flush()
        session._leave()


@event.listens_for(ReadingSession, "after_transaction_end")
def _ended(session: ReadingSession, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session._ended()
