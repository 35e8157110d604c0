"""Sessions by intent: `session()` on the primary, `read_session()` on a replica that shows the caller's own writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from pgwright.runtime.replicas.callers import Callers
from pgwright.runtime.replicas.failures import is_connection_lost
from pgwright.runtime.replicas.reading import ReadingSession
from pgwright.runtime.replicas.router import Router, RoutingMetrics
from pgwright.runtime.replicas.servers import Server
from pgwright.runtime.replicas.tokens import check_secret
from pgwright.runtime.replicas.transcripts import listen
from pgwright.runtime.replicas.watchers import Watchers
from pgwright.runtime.replicas.watching import LOOK_TIMEOUT_S
from pgwright.runtime.replicas.writing import WritingSession

T = TypeVar("T")

# Between the moment of a write and the replicas' lag there are: a late look, the WAL writer (0.6 s with
# synchronous_commit = off), and clocks of several machines.
_MARGIN_S = 10.0


class Replicas:
    """A primary and its streaming replicas.

    One engine is one server: an address that spreads connections over several will not do, for the position of one
    says nothing about the other. Each server is watched on one connection beside the pool's.

    Args:
        primary: takes the writes, and the reads that no replica may answer.
        replicas: of the primary, in any order; none: the primary answers all.
        secret: signs tokens; at least 16 bytes, the same in all processes.
        wait_ms: how long a read waits for a replica to replay the caller's write, milliseconds.
        max_lag_s: a replica further behind the primary answers nobody, seconds.
        remember_s: for how long a write is remembered, seconds; more than `max_lag_s` by 10 at least, for after that
            time every replica in use has it.
        interval_ms: between two looks at a server, milliseconds.
        session_options: for each AsyncSession; `expire_on_commit` is off unless said otherwise.
    Raises: ValueError: a parameter is out of its range.
    """

    def __init__(
        self,
        primary: AsyncEngine,
        replicas: Sequence[AsyncEngine],
        *,
        secret: bytes,
        wait_ms: float = 50,
        max_lag_s: float = 10,
        remember_s: float = 60,
        interval_ms: float = 100,
        session_options: Mapping[str, Any] | None = None,
    ) -> None:
        check_secret(secret)
        if wait_ms < 0 or max_lag_s <= 0 or interval_ms <= 0:
            raise ValueError("wait_ms is at least 0, max_lag_s and interval_ms are more than 0")
        if remember_s < max_lag_s + _MARGIN_S:
            raise ValueError(f"remember_s is {remember_s:g}, but has to exceed max_lag_s by {_MARGIN_S:g} at least")
        self.remember_s = remember_s
        self._callers = Callers(secret, remember_s)
        self._watchers = Watchers(
            _server("the primary", primary, interval_ms, is_primary=True),
            [_server(f"replica {number}", engine, interval_ms) for number, engine in enumerate(replicas, start=1)],
            interval_s=interval_ms / 1_000,
            max_lag_s=max_lag_s,
        )
        self._router = Router(self._watchers, self._callers, wait_ms=wait_ms, max_lag_s=max_lag_s)
        self._primary = primary
        self._options = {"expire_on_commit": False, **(session_options or {})}

    async def start(self) -> None:
        """Look at every server, and go on watching; the first read does it as well. A server may be down.

        Raises: NotAReplica: a replica is a primary. OtherSystem: it follows another one. NotAPrimary: the primary is a
            replica.
        """
        await self._watchers.start()

    async def stop(self) -> None:
        """Stop watching; the engines stay as they are."""
        await self._watchers.stop()

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

    def caller(self, *tokens: str) -> AbstractContextManager[object]:
        """Let the block be a caller of its own, as a job: its reads show its writes, and those of the tokens.

        The middleware does it for each request. A token that was not made here is no error: reads go to the primary.
        """
        return self._callers.enter(tokens)

    def token(self) -> str | None:
        """Return what the next request, or a job, has to bring to read the caller's writes; None: it wrote nothing."""
        return self._callers.token()

    def metrics(self) -> RoutingMetrics:
        """Return counters since the start, and each replica's health and lag."""
        return self._router.metrics()


def _server(name: str, engine: AsyncEngine, interval_ms: float, *, is_primary: bool = False) -> Server:
    listen(engine.sync_engine)
    # A replica is READ ONLY by itself. If it were told, psycopg's connections would begin with READ WRITE afterwards,
    # which a replica refuses.
    options = {"postgresql_readonly": True}
    reading = engine.sync_engine.execution_options(**options) if is_primary else engine.sync_engine
    address = engine.url.render_as_string(hide_password=True)
    # A look may take its full time, and one more interval may pass until it begins.
    silence_s = LOOK_TIMEOUT_S + 2 * interval_ms / 1_000
    return Server(f"{name} ({address})", engine, reading, is_primary, silence_s=silence_s)
