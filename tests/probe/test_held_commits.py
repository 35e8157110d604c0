"""A commit in a handler is held back, and yet seen by the later transactions of its request, and by no other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pgwright.probe.rollback import nothing_stays
from tests.support.database import Database

COUNT = text("SELECT count(*) FROM note")


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]


@pytest.fixture
def notes(database: Database) -> Database:
    database.execute("CREATE TABLE note (id serial PRIMARY KEY, body text NOT NULL UNIQUE)")
    return database


def _default(url: str) -> Engine:
    return create_engine(url)


def _null_pool(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool)


def _pinged(url: str) -> Engine:
    return create_engine(url, pool_pre_ping=True)


def _serializable(url: str) -> Engine:
    return create_engine(url, isolation_level="SERIALIZABLE")


def _crowded(url: str) -> Engine:
    """An engine whose pool hands out the connection that was away longest."""
    engine = create_engine(url)
    held = [engine.connect() for _ in range(3)]
    for connection in held:
        connection.close()
    return engine


ENGINES = [_default, _null_pool, _pinged, _serializable, _crowded]


@pytest.mark.parametrize("make", ENGINES, ids=lambda one: one.__name__.strip("_"))
async def test_add_commit_refresh_and_later_sessions_of_the_request(
    notes: Database, make: Callable[[str], Engine]
) -> None:
    async with nothing_stays(5_000, 5_000) as held:
        engine = make(notes.url("psycopg"))
        await held.keep_startup()
        for _ in range(2):
            with Session(engine) as session:
                note = Note(body="held")
                session.add(note)
                session.commit()
                session.refresh(note)
                assert note.body == "held"
                session.add(Note(body="undone"))
                session.flush()
                session.rollback()
                assert session.scalar(COUNT) == 1
            with Session(engine) as later:
                assert later.scalar(COUNT) == 1
            await held.end_request()
            with engine.connect() as connection:
                assert connection.scalar(COUNT) == 0
    assert notes.rows("SELECT count(*) FROM note") == [(0,)]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
@pytest.mark.parametrize("is_pooled", [True, False])
async def test_the_same_for_async_engines(notes: Database, driver: str, is_pooled: bool) -> None:
    async with nothing_stays(5_000, 5_000) as held:
        url = notes.url(driver)
        engine: AsyncEngine = create_async_engine(url) if is_pooled else create_async_engine(url, poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE made_at_startup (id int)"))
            await connection.execute(text("INSERT INTO made_at_startup VALUES (1)"))
        await held.keep_startup()
        for _ in range(2):
            async with AsyncSession(engine) as session:
                note = Note(body="held")
                session.add(note)
                await session.commit()
                await session.refresh(note)
                assert note.body == "held"
                assert await session.scalar(text("SELECT count(*) FROM made_at_startup")) == 1
            async with AsyncSession(engine) as session:
                assert await session.scalar(COUNT) == 1
            await held.end_request()
    assert notes.rows("SELECT count(*) FROM note") == [(0,)]
    assert notes.rows("SELECT to_regclass('made_at_startup') IS NULL") == [(True,)]


@pytest.mark.parametrize("make", ENGINES, ids=lambda one: one.__name__.strip("_"))
async def test_what_the_startup_creates_and_seeds_is_there_for_all_requests(
    database: Database, make: Callable[[str], Engine]
) -> None:
    async with nothing_stays(5_000, 5_000) as held:
        engine = make(database.url("psycopg"))
        Base.metadata.create_all(engine)
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            session.add(Note(body="seed"))
            session.commit()
        await held.keep_startup()
        for _ in range(2):
            with Session(engine) as session:
                assert session.scalar(COUNT) == 1
                session.add(Note(body="more"))
                session.commit()
                with pytest.raises(DBAPIError):
                    session.execute(text("SELECT 1 / 0"))
                session.rollback()
                assert session.scalar(COUNT) == 2
            await held.end_request()
        engine.dispose()  # as apps do when they end
    assert database.rows("SELECT to_regclass('note') IS NULL") == [(True,)]


async def test_a_transaction_that_only_read_is_not_held(notes: Database) -> None:
    async with nothing_stays(5_000, 5_000):
        engine = create_engine(notes.url("psycopg"))
        with engine.connect() as connection:
            connection.execute(COUNT)
            connection.commit()
            assert not connection.in_transaction()
            open_ones = "datname = current_database() AND state = 'idle in transaction'"
            assert notes.rows(f"SELECT count(*) FROM pg_stat_activity WHERE {open_ones}") == [(0,)]


async def test_the_drivers_own_commit_does_nothing(notes: Database) -> None:
    async with nothing_stays(5_000, 5_000):
        engine = create_engine(notes.url("psycopg"))
        with engine.connect() as connection:
            connection.execute(text("INSERT INTO note (body) VALUES ('x')"))
            driver = connection.connection.dbapi_connection
            assert driver is not None
            driver.commit()
        asynchronous = create_async_engine(notes.url("psycopg"))
        async with asynchronous.connect() as connection_:
            await connection_.execute(text("INSERT INTO note (body) VALUES ('x')"))
            raw = await connection_.get_raw_connection()
            await raw.driver_connection.commit()  # type: ignore[union-attr]
    assert notes.rows("SELECT count(*) FROM note") == [(0,)]


async def test_an_engine_that_was_there_before_commits_again_afterwards(notes: Database) -> None:
    engine = create_engine(notes.url("psycopg"))
    for stays in (False, True):
        async with nothing_stays(5_000, 5_000) if not stays else nullcontext():
            with Session(engine) as session:
                session.add(Note(body="x"))
                session.commit()
    engine.dispose()
    assert notes.rows("SELECT count(*) FROM note") == [(1,)]
