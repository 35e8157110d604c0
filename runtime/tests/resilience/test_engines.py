"""A breaker around engines, on a server that is killed and comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from socket import socket
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.ext.asyncio import create_async_engine as create_plain_async_engine

from pgwright_runtime import Timeouts, create_async_engine, create_engine
from pgwright_runtime.resilience import Breaker, BreakerSettings, CircuitOpen, Unreachable
from runtime.tests.support.mortal_server import MortalServer, run_mortal_server
from tests.support.database import Database

PING = text("SELECT 1")
MINUTE = BreakerSettings(failures=3, pause_s=60, longest_pause_s=60)
QUICK = BreakerSettings(failures=3, pause_s=0.05, longest_pause_s=0.05)
GONE = (Unreachable, DBAPIError)


@pytest.fixture(scope="module")
def mortal() -> Iterator[MortalServer]:
    with run_mortal_server(max_connections="20") as server:
        yield server


@pytest.fixture
def killed(mortal: MortalServer) -> Iterator[MortalServer]:
    """The test kills it; it comes back for the next one."""
    yield mortal
    if mortal.server.process.poll() is not None:
        mortal.start()


class Site:
    """An engine of either kind, asked in the same way."""

    def __init__(self, engine: Engine | AsyncEngine, settings: BreakerSettings) -> None:
        self.engine = engine
        self.breaker = Breaker("database", settings=settings)
        self.breaker.protect(engine)

    async def ask(self, job: Callable[[Connection], Any] = lambda connection: connection.scalar(PING)) -> Any:
        if isinstance(self.engine, AsyncEngine):
            async with self.engine.connect() as connection:
                return await connection.run_sync(job)
        return await asyncio.to_thread(self._ask, self.engine, job)

    async def fail(self, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(GONE):
                await self.ask()

    async def is_served(self) -> bool:
        try:
            await self.ask()
        except (CircuitOpen, *GONE):
            return False
        return True

    async def close(self) -> None:
        if isinstance(self.engine, AsyncEngine):
            await self.engine.dispose()
        else:
            self.engine.dispose()

    @staticmethod
    def _ask(engine: Engine, job: Callable[[Connection], Any]) -> Any:
        with engine.connect() as connection:
            return job(connection)


def ours(server: MortalServer, driver: str) -> Engine | AsyncEngine:
    url = server.server.url("postgres", driver.removesuffix(" sync"))
    return create_engine(url) if driver.endswith("sync") else create_async_engine(url)


def plain(server: MortalServer, driver: str) -> Engine | AsyncEngine:
    """Without pings."""
    url = server.server.url("postgres", driver.removesuffix(" sync"))
    return sqlalchemy.create_engine(url) if driver.endswith("sync") else create_plain_async_engine(url)


DRIVERS = pytest.mark.parametrize("driver", ["asyncpg", "psycopg", "psycopg sync"])
MAKERS = pytest.mark.parametrize("make", [ours, plain])


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.01)


@DRIVERS
@MAKERS
async def test_a_dead_server_opens_it_and_one_that_is_back_closes_it(
    killed: MortalServer, driver: str, make: Callable[[MortalServer, str], Engine | AsyncEngine]
) -> None:
    site = Site(make(killed, driver), QUICK)
    # Several connections that are to die in the pool.
    await asyncio.gather(*(site.ask(lambda own: own.scalar(text("SELECT 1 FROM pg_sleep(0.1)"))) for _ in range(4)))
    killed.kill()
    await site.fail(3)
    assert site.breaker.counts.opened == 1
    before = site.breaker.counts.rejected
    started = time.monotonic()
    while site.breaker.counts.rejected == before:
        assert not await site.is_served()
        assert time.monotonic() - started < 60
    killed.start()
    await until(site.is_served)
    # None of the connections that died with the server costs a request.
    for _ in range(5):
        assert await asyncio.gather(*(site.ask() for _ in range(4))) == [1] * 4
    assert site.breaker.state == "closed"
    await site.close()


@DRIVERS
@MAKERS
async def test_a_probe_is_a_connection_that_is_opened_anew(
    mortal: MortalServer, driver: str, make: Callable[[MortalServer, str], Engine | AsyncEngine]
) -> None:
    """Also where the server never closed one: what failed may be the way to it."""
    site, pid = Site(make(mortal, driver), QUICK), text("SELECT pg_backend_pid()")
    before = await site.ask(lambda own: own.scalar(pid))
    assert await site.ask(lambda own: own.scalar(pid)) == before
    for _ in range(3):
        with pytest.raises(ConnectionError), site.breaker:
            raise ConnectionError
    await until(site.is_served)
    after = await site.ask(lambda own: own.scalar(pid))
    assert after != before
    assert await site.ask(lambda own: own.scalar(pid)) == after
    await site.close()


@DRIVERS
async def test_while_open_nothing_is_opened_nor_lent(killed: MortalServer, driver: str) -> None:
    site = Site(ours(killed, driver), MINUTE)
    await site.ask()
    killed.kill()
    await site.fail(3)
    killed.start()
    for _ in range(10):
        with pytest.raises(CircuitOpen) as refused:
            await site.ask()
        assert refused.value.retry_after_s > 40
    with killed.server.admin() as admin:
        rows = admin.execute("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'").fetchone()
    assert rows == (1,)
    await site.close()


@DRIVERS
async def test_whoever_waits_in_the_queue_opens_no_connection_either(killed: MortalServer, driver: str) -> None:
    url = killed.server.url("postgres", driver.removesuffix(" sync"))
    make: Any = create_engine if driver.endswith("sync") else create_async_engine
    site = Site(make(url, pool_size=1, max_overflow=0), MINUTE)
    tasks = [asyncio.create_task(site.ask(lambda own: own.scalar(text("SELECT pg_sleep(60)")))) for _ in range(5)]
    with killed.server.admin() as admin:
        while (
            admin.execute(
                "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND pid <> pg_backend_pid()"
            ).fetchone()
            is None
        ):
            await asyncio.sleep(0.01)
    killed.kill()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    # One lost its connection and two found none, which opened it; the others were in the queue.
    assert sum(isinstance(end, GONE) for end in ends) == 3
    assert sum(isinstance(end, CircuitOpen) for end in ends) == 2
    await site.close()


@DRIVERS
async def test_errors_of_statements_do_not_count(database: Database, driver: str) -> None:
    url = database.url(driver.removesuffix(" sync"))
    site = Site(create_engine(url) if driver.endswith("sync") else create_async_engine(url), MINUTE)
    for statement in ("SELECT 1 / 0", "SELECT FROM nowhere", "SELECT FROM"):
        for _ in range(3):
            with pytest.raises(DBAPIError):
                await site.ask(lambda own, statement=statement: own.execute(text(statement)))  # type: ignore[misc]
    assert site.breaker.state == "closed"
    await site.close()


@DRIVERS
async def test_a_busy_pool_does_not_count(database: Database, driver: str) -> None:
    url = database.url(driver.removesuffix(" sync"))
    make: Any = create_engine if driver.endswith("sync") else create_async_engine
    site = Site(make(url, pool_size=1, max_overflow=0, timeouts=Timeouts(pool_s=0.05)), MINUTE)
    busy = asyncio.create_task(site.ask(lambda own: own.scalar(text("SELECT 1 FROM pg_sleep(2)"))))
    await until(lambda: asyncio.sleep(0, site.engine.pool.checkedout() == 1))  # type: ignore[attr-defined]
    for _ in range(5):
        with pytest.raises(PoolTimeout):
            await site.ask()
    assert site.breaker.state == "closed"
    assert await busy == 1
    await site.close()


@DRIVERS
async def test_a_server_that_refuses_a_connection_is_alive(database: Database, driver: str) -> None:
    url = sqlalchemy.make_url(database.url(driver.removesuffix(" sync"))).set(database="nowhere")
    site = Site(create_engine(url) if driver.endswith("sync") else create_async_engine(url), MINUTE)
    for _ in range(5):
        with pytest.raises(Exception, match="nowhere") as refused:
            await site.ask()
        assert not isinstance(refused.value, CircuitOpen | Unreachable)
    assert site.breaker.state == "closed"
    await site.close()


@DRIVERS
async def test_a_server_that_hangs_counts_when_the_time_to_connect_is_over(driver: str) -> None:
    with socket() as hanging:
        hanging.bind(("127.0.0.1", 0))
        hanging.listen()
        url = f"postgresql+{driver.removesuffix(' sync')}://a@127.0.0.1:{hanging.getsockname()[1]}/a"
        limit = {"timeout": 0.1} if driver == "asyncpg" else {"connect_timeout": 2, "sslmode": "disable"}
        make: Any = create_engine if driver.endswith("sync") else create_async_engine
        site = Site(make(url, connect_args=limit), BreakerSettings(failures=1, pause_s=60, longest_pause_s=60))
        await site.fail()
        with pytest.raises(CircuitOpen):
            await site.ask()


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_a_cancelled_statement_does_not_count(database: Database, driver: str) -> None:
    site = Site(create_async_engine(database.url(driver)), MINUTE)
    for _ in range(5):
        task = asyncio.create_task(site.ask(lambda own: own.scalar(text("SELECT pg_sleep(60)"))))
        await until(lambda: asyncio.sleep(0, site.engine.pool.checkedout() == 1))  # type: ignore[attr-defined]
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert site.breaker.state == "closed"
    await site.close()


@DRIVERS
async def test_a_session_that_idled_too_long_does_not_count(database: Database, driver: str) -> None:
    url = database.url(driver.removesuffix(" sync"))
    make: Any = create_engine if driver.endswith("sync") else create_async_engine
    site = Site(make(url, timeouts=Timeouts(idle_in_transaction_ms=20)), MINUTE)

    def idle(own: Connection) -> None:
        pid = own.scalar(text("SELECT pg_backend_pid()"))
        while database.rows(f"SELECT FROM pg_stat_activity WHERE pid = {pid}"):
            time.sleep(0.01)
        own.execute(PING)

    for _ in range(5):
        with pytest.raises(DBAPIError):
            await site.ask(idle)
    assert site.breaker.state == "closed"
    await site.close()


@DRIVERS
async def test_a_new_pool_is_protected_as_well(killed: MortalServer, driver: str) -> None:
    site = Site(ours(killed, driver), MINUTE)
    await site.ask()
    await site.close()
    await site.ask()
    killed.kill()
    await site.fail(3)
    with pytest.raises(CircuitOpen):
        await site.ask()
    await site.close()
    with pytest.raises(CircuitOpen):
        await site.ask()


async def test_copies_of_an_engine_are_protected_with_it(killed: MortalServer) -> None:
    engine = create_async_engine(killed.server.url("postgres", "asyncpg"))
    before = engine.execution_options(isolation_level="AUTOCOMMIT")
    site = Site(engine, MINUTE)
    killed.kill()
    await site.fail(3)
    for copy in (before, engine.execution_options(isolation_level="SERIALIZABLE")):
        with pytest.raises(CircuitOpen):
            await copy.connect()


def test_an_engine_has_one_breaker() -> None:
    engine = create_engine("postgresql://")
    Breaker("one").protect(engine)
    with pytest.raises(ValueError, match="protected"):
        Breaker("other").protect(engine)
