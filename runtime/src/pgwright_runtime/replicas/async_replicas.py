"""Sessions by intent: `session()` on the primary, `read_session()` on a replica that shows the caller's own writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.util import greenlet_spawn

from pgwright_runtime._background import Tasks
from pgwright_runtime._failures import is_connection_lost
from pgwright_runtime.replicas.base import BaseReplicas
from pgwright_runtime.replicas.reading import ReadingSession
from pgwright_runtime.replicas.writing import WritingSession

T = TypeVar("T")


class AsyncReplicas(BaseReplicas[AsyncEngine]):
    """A primary and its streaming replicas, for `AsyncSession`.

    One engine is one server: an address that spreads connections over several will not do, for the position of one
    says nothing about the other. Each server is watched on one connection beside the pool's.

    Args:
        primary: takes the writes, and the reads that no replica may answer.
        replicas: of the primary, in any order; none: the primary answers all.
        secret: signs tokens; at least 16 bytes, the same in all processes. Several: the first signs, and tokens of the
            others still count, so that a secret can be changed.
        settings: how far behind a replica may be, and how long it is waited for.
        session_options: for each session; `expire_on_commit` is off unless said otherwise.
    Raises: ValueError: a secret is too short.
    """

    _runner = Tasks

    async def start(self) -> None:
        """Look at every server, and go on watching; the first read does it as well. A server may be down.

        Raises: NotAReplica: a replica is a primary. OtherSystem: it follows another one. NotAPrimary: the primary is a
            replica.
        """
        await greenlet_spawn(self._watchers.start)

    async def stop(self) -> None:
        """Stop watching; the engines stay as they are."""
        await greenlet_spawn(self._watchers.stop)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def session(self) -> AsyncSession:
        """Return a session on the primary; the caller's reads after its commits will show them."""
        return AsyncSession(self._primary, sync_session_class=WritingSession, callers=self._callers, **self._options)

    def read_session(self) -> AsyncSession:
        """Return a session that only reads, each statement on a server that shows the caller's committed writes.

        A statement whose replica fails is repeated on another server, as long as nothing was left in the transaction
        (`SET LOCAL`, a cursor, an advisory lock, a SAVEPOINT) and its rows are not being streamed.
        Its writes raise `WriteOnReadSession`, or the server's own error where only the server can tell.
        """
        return AsyncSession(sync_session_class=ReadingSession, router=self._router, **self._options)

    async def read(self, function: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Return what the function returns, which is called again with another session if its server fails.

        For what `read_session` cannot repeat by itself, as streamed rows.
        """
        for _ in self._watchers.replicas:
            try:
                async with self.read_session() as session:
                    return await function(session)
            except Exception as error:
                if not is_connection_lost(error):
                    raise
        async with self.read_session() as session:
            return await function(session)

    async def get_db(self) -> AsyncIterator[AsyncSession]:
        """Yield `session()`, as a FastAPI dependency: `Depends(replicas.get_db)`. The endpoint commits."""
        async with self.session() as session:
            yield session

    async def get_read_db(self) -> AsyncIterator[AsyncSession]:
        """Yield `read_session()`, as a FastAPI dependency: `Depends(replicas.get_read_db)`."""
        async with self.read_session() as session:
            yield session
