"""What a function computes is kept for others only if they could have read the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from pgwright_runtime.caching import Cache, CacheWarning, Lifetimes, MemoryStore, NotWatched
from runtime.tests.support.cached_shop import Item, Other, Shop, make_engine, run, until_cached
from tests.support.database import Database


async def _n(session: Session | AsyncSession) -> int:
    return int(await run(session, lambda own: own.scalar(select(Item.n).where(Item.id == 1))))


@pytest.fixture
def total(shop: Shop) -> Callable[..., Awaitable[Any]]:
    """A cached function of a session, and how often it was computed in `shop.computed`."""
    return shop.cached(_n, reads=[Item])


async def test_a_session_that_has_written_sees_its_own_and_others_do_not(
    shop: Shop, total: Callable[..., Awaitable[Any]]
) -> None:
    async with shop.session() as other, shop.session() as session:
        assert await total(other) == 1
        await run(session, lambda own: own.execute(update(Item).values(n=2)))
        assert await total(session) == 2
        assert await total(other) == 1
        await _end(session.rollback())
        assert await total(session) == 1
        assert await total(other) == 1


async def test_changes_that_are_not_flushed_count(shop: Shop, total: Callable[..., Awaitable[Any]]) -> None:
    async with shop.session() as other, shop.session() as session:
        await total(other)
        row = await run(session, lambda own: own.get_one(Item, 1))
        row.n = 2
        assert await total(session) == 2
        assert await total(other) == 1


async def test_a_value_of_an_old_snapshot_is_not_kept(shop: Shop, total: Callable[..., Awaitable[Any]]) -> None:
    async with shop.session() as session:
        await run(session, lambda own: own.connection(execution_options={"isolation_level": "REPEATABLE READ"}))
        await run(session, lambda own: own.execute(text("SELECT 1")))
        await shop.unit(lambda own: own.execute(update(Item).values(n=2)))
        assert await total(session) == 1
    async with shop.session() as later:
        assert await total(later) == 2


async def test_a_session_that_only_read_before_is_as_good_as_a_new_one(
    shop: Shop, total: Callable[..., Awaitable[Any]]
) -> None:
    async with shop.session() as session:
        await run(session, lambda own: own.execute(text("SELECT 1")))
        await total(session)
        await total(session)
    assert len(shop.computed) == 1


async def test_what_another_engine_says_is_not_kept(shop: Shop, database: Database) -> None:
    driver = "psycopg" if isinstance(shop.engine, Engine) else shop.engine.dialect.driver
    replica = make_engine(database, "psycopg_async" if driver == "psycopg_async" else driver)

    async def read() -> int:
        if isinstance(replica, AsyncEngine):
            async with AsyncSession(replica) as session:
                return await _n(session)
        with Session(replica) as own:
            return await _n(own)

    cached = shop.cached(read, reads=[Item])
    await cached()
    await cached()
    assert len(shop.computed) == 2
    await _end(replica.dispose())


async def test_an_engine_that_was_disposed_of_and_goes_on_is_still_watched(shop: Shop) -> None:
    await _end(shop.engine.dispose())
    await until_cached(shop.n, shop.computed, 1)
    await shop.unit(lambda own: own.execute(update(Item).values(n=2)))
    assert await shop.n(1) == 2


async def test_a_function_around_another_has_to_name_its_tables(shop: Shop) -> None:
    outer: list[int] = []

    async def around(key: int) -> int | None:
        outer.append(key)
        found: int | None = await shop.n(key)
        return found

    wide = shop.cached(around, reads=[Item, Other])
    narrow = shop.cached(around, reads=[Other])
    await until_cached(wide, outer, 2)
    for function, computed in ((narrow, [1, 1]), (wide, [1])):
        outer.clear()
        await function(1)
        await function(1)
        assert outer == computed


async def test_a_value_that_is_computed_while_it_changes_is_not_kept(shop: Shop) -> None:
    async def slow() -> int | None:
        found = await shop.read_n(1)
        if len(shop.computed) == 1:
            await shop.unit(lambda own: own.execute(update(Item).values(n=2)))
        return found

    cached = shop.cached(slow, reads=[Item])
    assert await cached() == 1
    assert await cached() == 2


async def test_an_error_is_not_kept_and_lets_the_next_one_try(shop: Shop) -> None:
    async def fail() -> int:
        if len(shop.computed) == 1:
            raise ZeroDivisionError
        return 1

    cached = shop.cached(fail)
    with pytest.raises(ZeroDivisionError):
        await cached()
    assert await cached() == await cached() == 1
    assert len(shop.computed) == 2


async def test_what_cannot_be_stored_is_said_and_returned(shop: Shop) -> None:
    async def pair() -> object:
        return (1, 2)

    async def large() -> str:
        return "x" * 2_000_000

    with pytest.warns(CacheWarning, match="tuple"):
        assert await shop.cached(pair)() == (1, 2)
    cached = shop.cached(large)
    assert len(await cached()) == len(await cached()) == 2_000_000
    assert len(shop.computed) == 3


async def test_none_is_kept_for_a_time_of_its_own(shop: Shop) -> None:
    async def missing() -> None:
        return None

    cached = shop.cached(missing, lifetimes=Lifetimes(3_600, none_ttl_s=0.09, early=0))
    await cached()
    await cached()
    assert len(shop.computed) == 1
    await asyncio.sleep(0.1)
    await cached()
    assert len(shop.computed) == 2


def test_tables_without_a_watched_engine_are_an_error() -> None:
    cache = Cache(MemoryStore())

    @cache.cached(reads=["item"])
    def read() -> int:
        return 1

    with pytest.raises(NotWatched, match=r"cache\.watch"):
        read()


def test_an_engine_is_watched_once(database: Database) -> None:
    engine = make_engine(database, "psycopg")
    Cache(MemoryStore()).watch(engine)
    with pytest.raises(ValueError, match="already"):
        Cache(MemoryStore()).watch(engine)


async def _end(ended: Any) -> None:
    if hasattr(ended, "__await__"):
        await ended
