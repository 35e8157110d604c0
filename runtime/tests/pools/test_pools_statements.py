"""How long statements take, on the real server, for engines of every kind."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import create_engine as create_plain_engine
from sqlalchemy import exc, text

from pgwright_runtime import create_async_engine, create_engine
from pgwright_runtime.caching import Cache, MemoryStore
from pgwright_runtime.guard import QueryGuard
from pgwright_runtime.pools import StatementMetrics
from tests.support.database import Database

both_drivers = pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
SLEEP = text("SELECT pg_sleep(0.3)")


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def value(registry: CollectorRegistry, what: str, **labels: str) -> float:
    found = registry.get_sample_value(f"pgwright_statement_seconds_{what}", {"pool": "default", **labels})
    assert found is not None
    return found


def slow(registry: CollectorRegistry) -> float:
    """Return how many statements took longer than 0.25 s."""
    return value(registry, "count") - value(registry, "bucket", le="0.25")


@both_drivers
async def test_a_statement_is_counted_with_its_time(
    database: Database, registry: CollectorRegistry, driver: str
) -> None:
    engine = create_async_engine(database.url(driver))
    StatementMetrics(engine, registry=registry)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        assert (value(registry, "count"), slow(registry)) == (1, 0)
        await connection.execute(SLEEP)
    assert (value(registry, "count"), slow(registry)) == (2, 1)
    assert value(registry, "sum") >= 0.3
    await engine.dispose()


@both_drivers
async def test_a_statement_that_fails_or_is_given_up_counts_too(
    database: Database, registry: CollectorRegistry, driver: str
) -> None:
    engine = create_async_engine(database.url(driver))
    StatementMetrics(engine, registry=registry)
    async with engine.connect() as connection:
        await connection.execute(text("SET LOCAL statement_timeout = 300"))
        with pytest.raises(exc.DBAPIError):
            await connection.execute(text("SELECT pg_sleep(60)"))
    assert (value(registry, "count"), slow(registry)) == (2, 1)
    async with engine.connect() as connection:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await connection.execute(text("SELECT pg_sleep(60)"))
    assert (value(registry, "count"), slow(registry)) == (3, 2)
    await engine.dispose()


def test_sync_engines_executemany_and_statements_of_the_driver(database: Database, registry: CollectorRegistry) -> None:
    engine = create_engine(database.url())
    StatementMetrics(engine, registry=registry)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE note (id int)")
        connection.execute(text("INSERT INTO note VALUES (:id)"), [{"id": 1}, {"id": 2}])
        connection.execution_options(no_parameters=True).exec_driver_sql("SELECT '%'")
        assert value(registry, "count") == 3
    engine.dispose()


def test_beside_a_guard_and_a_cache_each_statement_counts_once(database: Database, registry: CollectorRegistry) -> None:
    engine = create_plain_engine(database.url("psycopg"))
    Cache(MemoryStore()).watch(engine)
    StatementMetrics(engine, registry=registry)
    with QueryGuard(engine, mode="warn").unit() as unit, engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert (value(registry, "count"), unit.count) == (1, 1)
    engine.dispose()


def test_what_the_pool_asks_a_connection_is_no_statement(database: Database, registry: CollectorRegistry) -> None:
    engine = create_engine(database.url())
    StatementMetrics(engine, registry=registry)
    for _ in range(2):  # the second one is pinged
        with engine.connect():
            pass
    assert value(registry, "count") == 0
    engine.dispose()


def test_engines_are_told_apart_and_published_once(database: Database, registry: CollectorRegistry) -> None:
    primary, replica = (create_engine(database.url()) for _ in range(2))
    StatementMetrics(primary, name="primary", registry=registry)
    StatementMetrics(replica, name="replica", registry=registry)
    with replica.connect() as connection:
        connection.execute(text("SELECT 1"))
    assert [value(registry, "count", pool=name) for name in ("primary", "replica")] == [0, 1]
    with pytest.raises(ValueError, match="published already"):
        StatementMetrics(primary, registry=registry)
    replica.dispose()
