"""The pool's metrics, on the real server."""

from __future__ import annotations

import asyncio
from threading import Event, Thread

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import create_async_engine as create_plain_engine
from sqlalchemy import exc, text

from pgwright.embedded import EmbeddedServer
from pgwright_runtime import create_async_engine
from pgwright_runtime.engine import create_engine
from pgwright_runtime.pools import PoolMetrics

both_drivers = pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def value(registry: CollectorRegistry, metric: str, pool: str = "default") -> float | None:
    return registry.get_sample_value(f"pgwright_pool_{metric}", {"pool": pool})


@both_drivers
async def test_the_gauges_follow_the_pool(server: EmbeddedServer, registry: CollectorRegistry, driver: str) -> None:
    engine = create_async_engine(server.url("postgres", driver), pool_size=1, max_overflow=1)
    PoolMetrics(engine, registry=registry)
    gauges = ("size", "limit", "checked_out", "idle", "overflow", "waiting")

    def seen() -> list[float | None]:
        return [value(registry, gauge) for gauge in gauges]

    assert seen() == [1, 2, 0, 0, 0, 0]
    async with engine.connect():
        assert seen() == [1, 2, 1, 0, 0, 0]
        async with engine.connect():
            assert seen() == [1, 2, 2, 0, 1, 0]
    assert seen() == [1, 2, 0, 1, 0, 0]
    assert value(registry, "connections_opened_total") == 2
    await engine.dispose()
    async with engine.connect():
        assert seen() == [1, 2, 1, 0, 0, 0]
    assert value(registry, "wait_seconds_count") == 3
    assert value(registry, "connections_opened_total") == 3
    await engine.dispose()


@both_drivers
async def test_who_waits_is_seen_and_a_timeout_is_counted_and_says_what_to_do(
    server: EmbeddedServer, registry: CollectorRegistry, driver: str
) -> None:
    engine = create_async_engine(server.url("postgres", driver), pool_size=1, max_overflow=0, pool_timeout_s=0.3)
    PoolMetrics(engine, name="primary", registry=registry)
    async with engine.connect():
        waiter = asyncio.create_task(engine.connect().start())
        while not value(registry, "waiting", "primary"):
            await asyncio.sleep(0)
        with pytest.raises(
            exc.TimeoutError, match=r"all 1 \(pool_size 1 \+ max_overflow 0\) .*LeakFinder; .*PoolBudget"
        ):
            await waiter
    assert value(registry, "waiting", "primary") == 0
    assert value(registry, "timeouts_total", "primary") == 1
    assert (value(registry, "wait_seconds_sum", "primary") or 0) >= 0.3
    await engine.dispose()


def test_a_thread_that_waits_is_seen_and_gets_its_connection(
    server: EmbeddedServer, registry: CollectorRegistry
) -> None:
    engine = create_engine(server.url("postgres"), pool_size=1, max_overflow=0, pool_timeout_s=30)
    PoolMetrics(engine, registry=registry)
    served = Event()

    def wait() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        served.set()

    thread = Thread(target=wait)
    with engine.connect():
        thread.start()
        while not value(registry, "waiting"):
            served.wait(0.01)
        assert not served.is_set()
    thread.join()
    assert (value(registry, "waiting"), value(registry, "wait_seconds_count"), value(registry, "timeouts_total")) == (
        0,
        2,
        0,
    )
    engine.dispose()


async def test_a_cancelled_request_waits_no_longer(server: EmbeddedServer, registry: CollectorRegistry) -> None:
    engine = create_async_engine(server.url("postgres", "asyncpg"), pool_size=1, max_overflow=0)
    PoolMetrics(engine, registry=registry)
    async with engine.connect():
        waiter = asyncio.create_task(engine.connect().start())
        while not value(registry, "waiting"):
            await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
    assert (value(registry, "waiting"), value(registry, "timeouts_total")) == (0, 0)
    await engine.dispose()


@both_drivers
async def test_a_connection_that_the_server_ended_is_counted(
    server: EmbeddedServer, registry: CollectorRegistry, driver: str
) -> None:
    engine = create_async_engine(server.url("postgres", driver))
    PoolMetrics(engine, registry=registry)
    async with engine.connect() as connection:
        process_id = await connection.scalar(text("SELECT pg_backend_pid()"))
    with server.admin() as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [process_id])
    async with engine.connect():
        pass
    assert [value(registry, f"connections_{what}_total") for what in ("opened", "invalidated")] == [2, 1]
    await engine.dispose()


def test_pools_share_a_registry_under_different_names(server: EmbeddedServer, registry: CollectorRegistry) -> None:
    primary, replica = (create_engine(server.url("postgres")) for _ in range(2))
    PoolMetrics(primary, name="primary", registry=registry)
    PoolMetrics(replica, name="replica", registry=registry)
    with replica.connect():
        assert [value(registry, "checked_out", name) for name in ("primary", "replica")] == [0, 1]
    with pytest.raises(ValueError, match="a pool named 'replica' already"):
        PoolMetrics(primary, name="replica", registry=registry)
    lines = generate_latest(registry).decode().splitlines()
    labels = {line.partition("{")[2].partition("}")[0] for line in lines if "{" in line and "le=" not in line}
    assert labels == {'pool="primary"', 'pool="replica"'}
    replica.dispose()


@pytest.mark.parametrize(("size", "overflow"), [(0, 10), (10, -1)])
def test_a_pool_without_limit_says_so(registry: CollectorRegistry, size: int, overflow: int) -> None:
    engine = create_engine("postgresql://", pool_size=size, max_overflow=overflow)
    PoolMetrics(engine, registry=registry)
    assert value(registry, "limit") == float("inf")
    engine.dispose()
    assert value(registry, "limit") == float("inf")


def test_another_pool_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"a QueuePool cannot be observed; .*create_async_engine"):
        PoolMetrics(create_plain_engine("postgresql+psycopg://"), registry=CollectorRegistry())
