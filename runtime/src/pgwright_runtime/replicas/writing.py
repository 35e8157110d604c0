"""The session on the primary: it learns where its writes end in the write-ahead log."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction

from pgwright_runtime._alchemy import is_autocommit
from pgwright_runtime.replicas.callers import Callers, LastWrite
from pgwright_runtime.replicas.transcripts import OPTION, UNWATCHED, Transcript

_HAS_WRITTEN = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"
# The insert position, for it alone holds the commit under every setting: with synchronous_commit = off the commit is
# still in the buffers when it is answered, past pg_current_wal_lsn() and the flush position. What others have inserted
# by then counts as well, so that it may be some milliseconds too far, never too short.
_POSITION = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"


class WritingSession(Session):
    """A session on the primary. Asking where a write ended takes one round trip after its COMMIT.

    A transaction without INSERT, UPDATE, DELETE and DDL takes one before its COMMIT, to learn whether a function, or
    the driver's own connection, has written; one that is rolled back takes none. In AUTOCOMMIT each statement counts
    as a write, and where it ended is asked when the session ends.
    """

    def __init__(self, *args: Any, callers: Callers, **options: Any) -> None:
        super().__init__(*args, **options)
        self._callers = callers
        self._transcript = Transcript()
        self._connection: Connection | None = None
        self._committing: LastWrite | None = None

    def rollback(self) -> None:
        self._settle()
        super().rollback()

    def close(self) -> None:
        self._settle()
        super().close()

    def reset(self) -> None:
        self._settle()
        super().reset()

    def _began(self, connection: Connection) -> None:
        self._transcript = Transcript(commit=self._commits, is_autocommit=is_autocommit(connection))
        self._connection = connection.execution_options(**{OPTION: self._transcript})

    def _commits(self) -> None:
        """Before anything is committed: by this session, by its connection, or by a statement."""
        connection, transcript = self._connection, self._transcript
        if connection is None or self._committing is not None:
            return
        if transcript.has_written or _was_ended(connection) or self._ask(connection, _HAS_WRITTEN):
            self._committing = self._callers.begin_commit()

    def _settle(self) -> None:
        """Note where the write ended, if there was one."""
        write, connection = self._committing, self._connection
        if write is None or connection is None or connection.closed or connection.invalidated:
            # Where it was cut off nobody knows whether it was done; the commit stays open, and reads stay here.
            return
        self._committing = None
        try:
            if connection.in_transaction():
                lsn = int(self._ask(connection, _POSITION))
            else:
                # Without a transaction of its own, which would be two more round trips.
                lsn = int(self._ask(connection.execution_options(isolation_level="AUTOCOMMIT"), _POSITION))
        except (DBAPIError, OSError):
            # The write is done, so this is no error of the caller's.
            return
        self._callers.end_commit(write, lsn)

    def _ended(self) -> None:
        self._connection = self._committing = None

    def _ask(self, connection: Connection, question: str) -> Any:
        return connection.exec_driver_sql(question, execution_options=UNWATCHED).scalar_one()


def _was_ended(connection: Connection) -> bool:
    """Whether the driver's connection was committed or rolled back behind our back."""
    driver: Any = connection.connection.driver_connection
    if hasattr(driver, "is_in_transaction"):  # asyncpg's
        return not driver.is_in_transaction()
    status = getattr(getattr(driver, "info", None), "transaction_status", None)
    return status is not None and status.name == "IDLE"


@event.listens_for(WritingSession, "after_begin")
def _began(session: WritingSession, transaction: SessionTransaction, connection: Connection) -> None:
    if not transaction.nested:
        session._began(connection)


@event.listens_for(WritingSession, "after_commit")
def _committed(session: WritingSession) -> None:
    if not session.in_nested_transaction():
        session._settle()


@event.listens_for(WritingSession, "after_transaction_end")
def _ended(session: WritingSession, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session._ended()
