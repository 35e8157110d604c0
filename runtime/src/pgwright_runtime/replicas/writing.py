"""The session on the primary: it learns where its writes end in the write-ahead log."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction

from pgwright_runtime.replicas.callers import Callers, LastWrite
from pgwright_runtime.replicas.transcripts import OPTION, UNWATCHED, Transcript

_HAS_WRITTEN = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"
# The insert position, for it alone holds the commit under every setting: with synchronous_commit = off the commit is
# still in the buffers when it is answered, past pg_current_wal_lsn() and the flush position. What others have inserted
# by then counts as well, so that it may be some milliseconds too far, never too short.
_POSITION = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint"


class WritingSession(Session):
    """A session on the primary. Asking where a write ended takes one round trip after its COMMIT.

    A transaction without INSERT, UPDATE, DELETE and DDL takes one before its COMMIT, to learn whether a function has
    written; one that is rolled back takes none.
    """

    def __init__(self, *args: Any, callers: Callers, **options: Any) -> None:
        super().__init__(*args, **options)
        self._callers = callers
        self._transcript = Transcript()
        self._connection: Connection | None = None
        self._committing: LastWrite | None = None

    def _began(self, connection: Connection) -> None:
        self._transcript = Transcript()
        self._connection = connection.execution_options(**{OPTION: self._transcript})

    def _commits(self) -> None:
        if self.in_nested_transaction():
            return
        self.flush()
        if self._connection is None or not self._transcript.statements:
            return
        if self._transcript.has_written or self._ask(self._connection, _HAS_WRITTEN):
            self._committing = self._callers.begin_commit()

    def _committed(self) -> None:
        write, connection = self._committing, self._connection
        if self.in_nested_transaction() or write is None or connection is None:
            return
        self._committing = None
        try:
            # Without a transaction of its own, which would be two more round trips.
            lsn = int(self._ask(connection.execution_options(isolation_level="AUTOCOMMIT"), _POSITION))
        except (DBAPIError, OSError):
            # The write is done, so this is no error of the caller's; the commit stays open, and reads stay here.
            return
        self._callers.end_commit(write, lsn)

    def _ended(self) -> None:
        self._connection = self._committing = None

    def _ask(self, connection: Connection, question: str) -> Any:
        return connection.exec_driver_sql(question, execution_options=UNWATCHED).scalar_one()


@event.listens_for(WritingSession, "after_begin")
def _began(session: WritingSession, transaction: SessionTransaction, connection: Connection) -> None:
    if not transaction.nested:
        session._began(connection)


@event.listens_for(WritingSession, "before_commit")
def _commits(session: WritingSession) -> None:
    session._commits()


@event.listens_for(WritingSession, "after_commit")
def _committed(session: WritingSession) -> None:
    session._committed()


@event.listens_for(WritingSession, "after_transaction_end")
def _ended(session: WritingSession, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session._ended()
