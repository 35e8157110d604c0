"""The guard on async engines, with both drivers: places through greenlets, tasks that do not mix."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session, selectinload

from pgwright.embedded import EmbeddedServer
from pgwright_runtime import create_async_engine
from pgwright_runtime.guard import GuardRules, QueryGuard, QueryProblems
from runtime.tests.support.guard_shelf import ROWS, Notebook, Owner, create_shelf


@pytest.fixture(scope="module")
def shelf(server: EmbeddedServer) -> Iterator[str]:
    name = create_shelf(server)
    yield name
    server.drop_database(name)


@pytest.fixture(params=["asyncpg", "psycopg"])
async def engine(server: EmbeddedServer, shelf: str, request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(server.url(shelf, request.param))
    yield engine
    await engine.dispose()


@pytest.fixture
def guard(engine: AsyncEngine) -> QueryGuard:
    return QueryGuard(engine, mode="raise", rules=GuardRules(ignore=["Notebook.tags"]))


async def test_a_lazy_load_in_run_sync(engine: AsyncEngine, guard: QueryGuard) -> None:
    def count_sources(session: Session) -> list[int]:
        return [len(notebook.sources) for notebook in session.scalars(select(Notebook))]

    with pytest.raises(QueryProblems) as error, guard.unit("list"):
        async with AsyncSession(engine) as session:
            assert await session.run_sync(count_sources) == [1] * ROWS
    (problem,) = error.value.problems
    assert (problem.loader, problem.count, problem.rows) == ("selectinload(Notebook.sources)", ROWS, ROWS)
    assert "$1::INTEGER = sources.notebook_id" in problem.statement
    assert problem.place is not None
    assert problem.place.function.endswith("count_sources")


async def names(session: AsyncSession, count: int) -> list[str]:
    return [(await session.get_one(Owner, key)).name for key in range(1, count + 1)]


async def test_the_place_is_found_through_the_await(engine: AsyncEngine, guard: QueryGuard) -> None:
    with pytest.raises(QueryProblems) as error, guard.unit("names"):
        async with AsyncSession(engine) as session:
            await names(session, 3)
    (problem,) = error.value.problems
    assert (problem.kind, problem.count) == ("repeated statement", 3)
    assert problem.place is not None
    assert (problem.place.file, problem.place.function.split(".")[0]) == (__file__, "names")


async def test_concurrent_units_do_not_mix(engine: AsyncEngine, guard: QueryGuard) -> None:
    async def run(count: int) -> int:
        with guard.unit(str(count)) as unit:
            async with AsyncSession(engine) as session:
                await names(session, count)
                await asyncio.sleep(0)
        return unit.count

    assert list(await asyncio.gather(run(1), run(2), run(0), run(1))) == [1, 2, 0, 1]


async def test_tasks_of_the_unit_are_seen_until_it_ends(engine: AsyncEngine, guard: QueryGuard) -> None:
    go_on = asyncio.Event()

    async def linger() -> None:
        async with AsyncSession(engine) as session:
            await names(session, 1)
            await go_on.wait()
            session.expire_all()
            await names(session, 4)

    with guard.unit("tasks") as unit:
        task = asyncio.create_task(linger())
        while unit.count < 1:
            await asyncio.sleep(0.01)
    go_on.set()
    await task
    assert (unit.count, unit.problems) == (1, ())


async def test_an_unused_eager_load(engine: AsyncEngine, guard: QueryGuard) -> None:
    async with AsyncSession(engine) as session:
        with pytest.raises(QueryProblems) as error, guard.unit("list"):  # noqa: PT012
            found = await session.scalars(select(Notebook).options(selectinload(Notebook.sources)))
            assert [notebook.title for notebook in found]
    assert [problem.kind for problem in error.value.problems] == ["unused eager load"]


async def test_a_cancelled_unit_ends(engine: AsyncEngine, guard: QueryGuard) -> None:
    async def hang() -> None:
        with guard.unit("hang"):
            async with AsyncSession(engine) as session:
                await names(session, 4)
                await asyncio.sleep(60)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(hang(), timeout=0.5)
    (counts,) = guard.counters().by_unit.values()
    assert counts.statements == 4
