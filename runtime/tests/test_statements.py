"""Counting statements, on the real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from threading import Thread

import pytest
from sqlalchemy import Engine, exc, text
from sqlalchemy import create_async_engine as create_engine
from sqlalchemy.ext.asyncio import AsyncEngine

from pgwright.embedded import EmbeddedServer
from pgwright_runtime import count_statements, create_async_engine
from pgwright_runtime.statements import MAX_TEXTS


@pytest.fixture
async def engine(server: EmbeddedServer) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(server.url("postgres", "asyncpg"), pool_size=4)
    yield engine
    await engine.dispose()


@pytest.fixture
def sync_engine(server: EmbeddedServer) -> Iterator[Engine]:
    engine = create_engine(server.url("postgres", "psycopg"))
    yield engine
    engine.dispose()


async def run(engine: AsyncEngine, times: int) -> None:
    async with engine.connect() as connection:
        for _ in range(times):
            await connection.execute(text("SELECT 1"))
            await asyncio.sleep(0)


async def test_counts_statements_and_keeps_their_texts(engine: AsyncEngine) -> None:
    with count_statements(engine) as statements:
        await run(engine, 3)
    assert (statements.count, statements.texts) == (3, ["SELECT 1"] * 3)


async def test_stops_at_the_end_of_the_block(engine: AsyncEngine) -> None:
    with count_statements(engine) as statements:
        await run(engine, 1)
    await run(engine, 5)
    assert statements.count == 1


async def test_concurrent_tasks_do_not_mix(engine: AsyncEngine) -> None:
    async def count(times: int) -> int:
        with count_statements(engine) as statements:
            await run(engine, times)
        return statements.count

    assert await asyncio.gather(*map(count, (1, 2, 3, 4))) == [1, 2, 3, 4]


async def test_tasks_started_inside_are_counted(engine: AsyncEngine) -> None:
    with count_statements(engine) as statements:
        await asyncio.gather(run(engine, 2), run(engine, 3))
    assert statements.count == 5


async def test_nested_blocks_each_count(engine: AsyncEngine) -> None:
    with count_statements(engine) as outer:
        await run(engine, 1)
        with count_statements(engine) as inner:
            await run(engine, 2)
    assert (outer.count, inner.count) == (3, 2)


async def test_another_engine_is_not_counted(engine: AsyncEngine, sync_engine: Engine) -> None:
    with count_statements(sync_engine) as statements:
        await run(engine, 1)
    assert statements.count == 0


def test_counts_a_sync_engine_and_one_executemany_as_one(sync_engine: Engine) -> None:
    with count_statements(sync_engine) as statements, sync_engine.connect() as connection:
        connection.execute(text("CREATE TEMPORARY TABLE numbers (n int)"))
        connection.execute(text("INSERT INTO numbers VALUES (:n)"), [{"n": 1}, {"n": 2}, {"n": 3}])
    assert statements.count == 2


def test_other_threads_are_not_counted(sync_engine: Engine) -> None:
    def run_elsewhere() -> None:
        with sync_engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    with count_statements(sync_engine) as statements:
        thread = Thread(target=run_elsewhere)
        thread.start()
        thread.join()
    assert statements.count == 0


def test_counts_through_execution_options(sync_engine: Engine) -> None:
    autocommit = sync_engine.execution_options(isolation_level="AUTOCOMMIT")
    with count_statements(sync_engine) as statements, autocommit.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert statements.count == 1


def test_a_failing_block_still_counts_and_stops(sync_engine: Engine) -> None:
    with (
        pytest.raises(exc.ProgrammingError),
        count_statements(sync_engine) as statements,
        sync_engine.connect() as connection,
    ):
        connection.execute(text("SELECT * FROM nowhere"))
    with sync_engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert statements.count == 1


def test_texts_are_bounded(sync_engine: Engine) -> None:
    with count_statements(sync_engine) as statements, sync_engine.connect() as connection:
        for _ in range(MAX_TEXTS + 5):
            connection.execute(text("SELECT 1"))
    assert (statements.count, len(statements.texts)) == (MAX_TEXTS + 5, MAX_TEXTS)
