"""Sessions by intent: `session()` on the primary, `read_session()` on a replica that shows the caller's own writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Self, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pgwright_runtime._background import Threads
from pgwright_runtime._failures import is_connection_lost
from pgwright_runtime.replicas.base import BaseReplicas
from pgwright_runtime.replicas.reading import ReadingSession
from pgwright_runtime.replicas.writing import WritingSession

T = TypeVar("T")


class Replicas(BaseReplicas[Engine]):
    """A primary and its streaming replicas, for `Session`.

    One engine is one server: an address that spreads connections over several will not do, for the position of one
    says nothing about the other. Each server is watched on one connection beside the pool's, by a daemon thread; one
    more looks after these.

    Args:
        primary: takes the writes, and the reads that no replica may answer.
        replicas: of the primary, in any order; none: the primary answers all.
        secret: signs tokens; at least 16 bytes, the same in all processes. Several: the first signs, and tokens of the
            others still count, so that a secret can be changed.
        settings: how far behind a replica may be, and how long it is waited for.
        session_options: for each session; `expire_on_commit` is off unless said otherwise.
    Raises: ValueError: a secret is too short.
    """

    _runner = Threads

    def start(self) -> None:
        """Look at every server, and go on watching; the first read does it as well. A server may be down.

        Raises: NotAReplica: a replica is a primary. OtherSystem: it follows another one. NotAPrimary: the primary is a
            replica.
        """
        self._watchers.start()

    def stop(self) -> None:
        """Stop watching; the engines stay as they are. The interpreter's exit does it as well."""
        self._watchers.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def session(self) -> Session:
        """Return a session on the primary; the caller's reads after its commits will show them."""
        return WritingSession(self._primary, callers=self._callers, **self._options)

    def read_session(self) -> Session:
        """Return a session that only reads, each statement on a server that shows the caller's committed writes.

        A statement whose replica fails is repeated on another server, as long as nothing was left in the transaction
        (`SET LOCAL`, a cursor, an advisory lock, a SAVEPOINT) and its rows are not being streamed.
        Its writes raise `WriteOnReadSession`, or the server's own error where only the server can tell.
        """
        return ReadingSession(router=self._router, **self._options)

    def read(self, function: Callable[[Session], T]) -> T:
        """Return what the function returns, which is called again with another session if its server fails.

        For what `read_session` cannot repeat by itself, as streamed rows.
        """
        for _ in self._watchers.replicas:
            try:
                with self.read_session() as session:
                    return function(session)
            except Exception as error:
                if not is_connection_lost(error):
                    raise
        with self.read_session() as session:
            return function(session)

    def get_db(self) -> Iterator[Session]:
        """Yield `session()`, as a FastAPI dependency of an endpoint that is no coroutine. The endpoint commits."""
        with self.session() as session:
            yield session

    def get_read_db(self) -> Iterator[Session]:
        """Yield `read_session()`, as `get_db` does."""
        with self.read_session() as session:
            yield session
