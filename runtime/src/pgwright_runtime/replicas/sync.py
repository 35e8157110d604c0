"""The same for sync engines and `Session`: what differs is how one enters and waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Self, TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pgwright_runtime.replicas.base import BaseReplicas
from pgwright_runtime.replicas.failures import is_connection_lost
from pgwright_runtime.replicas.reading import ReadingSession
from pgwright_runtime.replicas.running import Threads
from pgwright_runtime.replicas.writing import WritingSession

T = TypeVar("T")


class SyncReplicas(BaseReplicas[Engine]):
    __doc__ = f"{BaseReplicas.__doc__}\n    The watch is a daemon thread for each server, and one more.\n    "
    _runner = Threads

    def start(self) -> None:
        """Look at every server, and go on watching; see `Replicas.start`."""
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
        """Return a session that only reads; see `Replicas.read_session`."""
        return ReadingSession(router=self._router, **self._options)

    def read(self, function: Callable[[Session], T]) -> T:
        """Return what the function returns, which is called again if its server fails; see `Replicas.read`."""
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
