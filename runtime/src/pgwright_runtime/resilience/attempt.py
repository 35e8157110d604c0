"""One attempt at a transaction, in a session of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import Connection, event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from pgwright_runtime._alchemy import is_autocommit, pings
from pgwright_runtime._failures import is_connection_lost, is_shutdown, sqlstate
from pgwright_runtime.resilience.errors import OutcomeUnknown, TransactionEnded
from pgwright_runtime.resilience.failures import is_unreachable
from pgwright_runtime.statements import TRANSACTION_CONTROL

T = TypeVar("T")
Cause = Literal["serialization", "deadlock", "connection"]
_CAUSES: dict[str, Cause] = {"40001": "serialization", "40P01": "deadlock"}
# statement_completion_unknown
_UNKNOWN = "40003"
_FAILED = "pgwright_failed_statement"
_OWN = {TRANSACTION_CONTROL: True}
_PING = text("SELECT 1")
# What the app or its role has set stays, where it is less.
_LIMIT = text("""
    SELECT set_config('statement_timeout', :ms, true)
    WHERE extract(epoch FROM current_setting('statement_timeout')::interval) * 1000
        NOT BETWEEN 1 AND CAST(:ms AS bigint)
""")


class Attempt(Generic[T]):
    """Runs a function in a transaction, once.

    Args:
        session: a new one.
        options: execution options for its connection.
    """

    def __init__(self, session: Session, options: dict[str, Any]) -> None:
        self._session, self._options = session, options
        self._stage: Literal["opening", "working", "committing"] = "opening"
        self._has_ended = False
        self._info: dict[Any, Any] = {}

    def run(self, work: Callable[[], T], limit_ms: int | None) -> T:
        """Do the work and commit it.

        Raises: OutcomeUnknown: the connection was lost during COMMIT. TransactionEnded. What the work raises.
        """
        try:
            return self._run(self._open(limit_ms), work)
        finally:
            self._info.pop(_FAILED, None)

    def cause(self, error: BaseException) -> Cause | None:
        """Return why the attempt may be repeated after an error; None: it may not."""
        if self._has_ended:
            return None
        if self._stage == "opening" and (is_connection_lost(error) or is_unreachable(error)):
            return "connection"
        return _CAUSES.get(sqlstate(error))

    def _run(self, connection: Connection, work: Callable[[], T]) -> T:
        transaction = self._session.get_transaction()
        self._stage = "working"
        try:
            value = work()
        finally:
            self._has_ended = self._session.get_transaction() is not transaction
        if self._has_ended:
            raise TransactionEnded
        self._session.flush()
        self._refuse_aborted(connection)
        self._stage = "committing"
        try:
            self._session.commit()
        except (DBAPIError, OSError) as error:
            if _is_answered(error):
                raise
            raise OutcomeUnknown from error
        return value

    def _open(self, limit_ms: int | None) -> Connection:
        connection = self._session.connection(execution_options=self._options)
        if is_autocommit(connection):
            raise ValueError("the engine commits each statement by itself, so there is no transaction to repeat")
        if not event.contains(connection.dialect, "handle_error", _note_failure):
            event.listen(connection.dialect, "handle_error", _note_failure)
        self._info = connection.info
        self._info[_FAILED] = None
        if limit_ms is not None:
            connection.execute(_LIMIT, {"ms": str(limit_ms)}, execution_options=_OWN).close()
        elif not pings(connection.engine.pool):
            # The first statement finds out whether the connection is alive, so it must not be one of the function's.
            connection.execute(_PING, execution_options=_OWN).close()
        return connection

    def _refuse_aborted(self, connection: Connection) -> None:
        """Raise the error of a statement that the function has swallowed: the server would take COMMIT as ROLLBACK."""
        failed = self._info.get(_FAILED)
        if failed is None:
            return
        if connection.invalidated:
            raise failed
        try:
            connection.execute(_PING, execution_options=_OWN).close()
        except DBAPIError as error:
            raise failed from error


def _is_answered(error: BaseException) -> bool:
    """Tell whether the server itself said that a COMMIT failed."""
    state = sqlstate(error)
    return bool(state) and not is_shutdown(state) and state != _UNKNOWN


def _note_failure(context: ExceptionContext) -> None:
    connection = context.connection
    # Of an attempt only: an error keeps alive all that its frames hold.
    if connection is not None and not connection.invalidated and _FAILED in connection.info:
        connection.info[_FAILED] = context.sqlalchemy_exception
