"""One core for sync and async: it yields statements and receives results; the session executes them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar, overload

from sqlalchemy import Connection, Engine, Executable, Result
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_scoped_session
from sqlalchemy.orm import Session, scoped_session

T = TypeVar("T")
AnySession = Session | scoped_session[Any]
AnyAsyncSession = AsyncSession | async_scoped_session[Any]
Awaited = Coroutine[Any, Any, T]
"""What a function gives for an async session: to be awaited, or made a task."""
Steps = Generator[Executable, Result[*tuple[Any, ...]], T]


@overload
def run(session: AnyAsyncSession, steps: Steps[T]) -> Awaited[T]: ...
@overload
def run(session: AnySession, steps: Steps[T]) -> T: ...
@overload
def run(session: AnyAsyncSession | AnySession, steps: Steps[T]) -> Awaited[T] | T: ...
def run(session: AnyAsyncSession | AnySession, steps: Steps[T]) -> Awaited[T] | T:
    """Execute the steps one after the other and return what they return; of an async session, await it."""
    if isinstance(session, AsyncSession | async_scoped_session):
        return _run_async(session, steps)
    try:
        statement = next(steps)
        while True:
            statement = steps.send(session.execute(statement))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


async def _run_async(session: AnyAsyncSession, steps: Steps[T]) -> T:
    try:
        statement = next(steps)
        while True:
            statement = steps.send(await session.execute(statement))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def new_session(engine: Engine | AsyncEngine) -> Session | AsyncSession:
    """Return a session for a kind of engine, whose objects stay as they are after a commit; it is bound to nothing."""
    return (Session if isinstance(engine, Engine) else AsyncSession)(expire_on_commit=False)


def bound_to(session: Session | AsyncSession, connection: Connection) -> Session:
    """Let a session work on a connection; return what is sync of it."""
    inner = session if isinstance(session, Session) else session.sync_session
    inner.bind = connection
    return inner


@overload
def run_inside(session: AnyAsyncSession, job: Callable[[Session], T]) -> Awaited[T]: ...
@overload
def run_inside(session: AnySession, job: Callable[[Session], T]) -> T: ...
@overload
def run_inside(session: AnyAsyncSession | AnySession, job: Callable[[Session], T]) -> Awaited[T] | T: ...
def run_inside(session: AnyAsyncSession | AnySession, job: Callable[[Session], T]) -> Awaited[T] | T:
    """Run sync code on the sync session of any kind of session, and return what it does; of an async one, await it."""
    own = session() if isinstance(session, scoped_session | async_scoped_session) else session
    if isinstance(own, AsyncSession):
        return own.run_sync(job)
    return job(own)
