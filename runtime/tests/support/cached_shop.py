"""A shop whose numbers are cached: engines of three kinds behind one face, so that each test runs on all of them."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, ForeignKey, create_engine, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pgwright_runtime.caching import Cache
from tests.support.database import Database

DRIVERS = ("psycopg", "asyncpg", "psycopg_async")


class Base(DeclarativeBase):
    pass


class Shelf(Base):
    __tablename__ = "shelf"
    id: Mapped[int] = mapped_column(primary_key=True)


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int]
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelf.id", ondelete="CASCADE"))


class Other(Base):
    __tablename__ = "other"
    id: Mapped[int] = mapped_column(primary_key=True)


class Parcel(Base):
    __tablename__ = "parcel"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    n: Mapped[int]


class Animal(Base):
    __tablename__ = "animal"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str] = mapped_column(default="")


class Dog(Animal):
    __tablename__ = "dog"
    __mapper_args__ = {"polymorphic_identity": "dog"}
    id: Mapped[int] = mapped_column(ForeignKey("animal.id"), primary_key=True)
    tricks: Mapped[int]


@dataclass
class Shop:
    """An engine with a cache, and one cached function on it."""

    engine: Engine | AsyncEngine
    cache: Cache
    computed: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cache.watch(self.engine)
        self.n = self.cached(self.read_n, reads=[Item])

    async def read_n(self, key: int) -> int | None:
        async with self.session() as session:
            found: int | None = await run(session, lambda own: own.scalar(select(Item.n).where(Item.id == key)))
            return found

    def cached(self, function: Callable[..., Awaitable[Any]], **options: Any) -> Callable[..., Awaitable[Any]]:
        """Cache a coroutine function, on a sync engine as the sync function that runs it."""
        if isinstance(self.engine, AsyncEngine):

            async def compute(*args: Any) -> Any:
                self.computed.append(args)
                return await function(*args)

            _take_arguments(compute, function)
            found: Callable[..., Awaitable[Any]] = self.cache.cached(**_named(options, function))(compute)
            return found

        def compute_sync(*args: Any) -> Any:
            self.computed.append(args)
            return finished(function(*args))

        _take_arguments(compute_sync, function)
        own = self.cache.cached(**_named(options, function))(compute_sync)

        async def call(*args: Any) -> Any:
            return own(*args)

        return call

    def session(self) -> AbstractAsyncContextManager[Session | AsyncSession]:
        return _session(self.engine)

    async def execute(self, job: Callable[[Connection], object], *, commits: bool = True) -> None:
        """Run a job on a connection, then commit or roll back."""

        def on(connection: Connection) -> None:
            job(connection)
            (connection.commit if commits else connection.rollback)()

        if isinstance(self.engine, AsyncEngine):
            async with self.engine.connect() as connection:
                await connection.run_sync(on)
        else:
            with self.engine.connect() as own:
                on(own)

    async def unit(self, job: Callable[[Session], object], *, commits: bool = True) -> None:
        """Run a job in a session, then commit or roll back."""
        async with self.session() as session:
            await run(session, job)
            ended = session.commit() if commits else session.rollback()
            if inspect.isawaitable(ended):
                await ended

    async def close(self) -> None:
        if isinstance(self.engine, AsyncEngine):
            await self.cache.aclose()
            await self.engine.dispose()
        else:
            self.cache.close()
            self.engine.dispose()


def _take_arguments(compute: Callable[..., object], function: Callable[..., object]) -> None:
    """Let a function have the names of another's arguments."""
    update_wrapper(compute, function, assigned=(), updated=())


def _named(options: dict[str, Any], function: Callable[..., object]) -> dict[str, Any]:
    # Shops of other tests may use the same store.
    return {"version": f"{function.__qualname__} {uuid4()}", **options}


def make_engine(database: Database, driver: str, **options: Any) -> Engine | AsyncEngine:
    if driver == "psycopg":
        return create_engine(database.url("psycopg"), **options)
    return create_async_engine(database.url(driver.removesuffix("_async")), **options)


def make_tables(database: Database) -> None:
    engine = create_engine(database.url("psycopg"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Shelf(id=1))
        session.flush()
        session.add_all([Item(id=1, n=1, shelf_id=1), Item(id=2, n=1)])
        session.commit()
    engine.dispose()


@asynccontextmanager
async def _session(engine: Engine | AsyncEngine) -> AsyncIterator[Session | AsyncSession]:
    if isinstance(engine, AsyncEngine):
        async with AsyncSession(engine) as session:
            yield session
    else:
        with Session(engine) as own:
            yield own


async def run(session: Session | AsyncSession, job: Callable[[Session], Any]) -> Any:
    """Run a job on the sync session of either kind."""
    return await session.run_sync(job) if isinstance(session, AsyncSession) else job(session)


def finished(awaitable: Awaitable[Any]) -> Any:
    """Return what a coroutine returns that never waits."""
    try:
        awaitable.__await__().__next__()
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits")


async def until_cached(function: Callable[..., Awaitable[Any]], computed: list[Any], *args: Any) -> None:
    """Call a function until its value comes from the cache: a store has to be told of new tables first."""
    for _ in range(600):
        before = len(computed)
        await function(*args)
        if len(computed) == before:
            return
        time.sleep(0)
        await asyncio.sleep(0.02)
    raise AssertionError("it is never cached")
