"""AsyncReplicas that die, come back, conflict, are promoted, or never were replicas: no read fails."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.asyncio import create_async_engine as create_plain_engine

from pgwright.embedded import EmbeddedServer
from pgwright_runtime import create_async_engine
from pgwright_runtime._failures import is_connection_lost
from pgwright_runtime.replicas import AsyncReplicas, NotAPrimary, NotAReplica, OtherSystem
from runtime.tests.support.replica_servers import (
    SECRET,
    Engines,
    Note,
    Replica,
    connect,
    engines,
    primary,
    replica,
    run_replica,
)

__all__ = ["engines", "primary", "replica"]  # fixtures

IN_RECOVERY = select(func.pg_is_in_recovery())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", [signal.SIGQUIT, signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
async def test_no_read_fails_when_the_replica_does(engines: Engines, replica: Replica, how: signal.Signals) -> None:
    done: Counter[bool] = Counter()
    going = True

    async def read() -> None:
        while going:
            async with replicas.read_session() as session:
                note = await session.get_one(Note, 1)
                done[bool(await session.scalar(IN_RECOVERY))] += 1
                assert note.text == "the first"
            await asyncio.sleep(0.01)

    async with engines.replicas() as replicas:
        readers = [asyncio.create_task(read()) for _ in range(8)]
        await until(lambda: done[True] > 50)
        assert not done[False]
        await replica.kill(how)
        await until(lambda: done[False] > 50)
        assert not replicas.metrics().replicas[0].is_healthy
        await replica.start_again()
        before = done[True]
        await until(lambda: done[True] > before + 50 or any(reader.done() for reader in readers))
        going = False
        await asyncio.gather(*readers)
        assert replicas.metrics().replicas[0].is_healthy


async def kill_under(session: AsyncSession, replica: Replica) -> None:
    pid = await session.scalar(select(func.pg_backend_pid()))
    replica.execute(f"SELECT pg_terminate_backend({pid}, 5000)")


async def test_a_transaction_of_reads_goes_on_elsewhere(engines: Engines, replica: Replica) -> None:
    async with engines.replicas() as replicas, replicas.read_session() as session:
        note = await session.get_one(Note, 1)
        await kill_under(session, replica)
        assert not await session.scalar(IN_RECOVERY)  # on the primary, which is behind nobody
        assert note.text == "the first"
        await session.commit()
        metrics = replicas.metrics()
    assert (metrics.failovers, metrics.reads_on_primary["failed over"], metrics.reads_on_replica) == (1, 1, 2)


@pytest.mark.parametrize("statement", ["SET LOCAL work_mem = '1MB'", "SELECT set_config('app.tenant', '7', true)"])
async def test_a_transaction_with_settings_ends_with_its_server(
    engines: Engines, replica: Replica, statement: str
) -> None:
    async with engines.replicas() as replicas:
        async with replicas.read_session() as session:
            await session.execute(text(statement))
            await kill_under(session, replica)
            with pytest.raises(DBAPIError):
                await session.scalar(IN_RECOVERY)
        async with replicas.read_session() as session:
            assert await session.scalar(text("SELECT current_setting('app.tenant', true)")) in (None, "")


async def test_a_function_is_called_again(engines: Engines, replica: Replica) -> None:
    calls = 0

    async def function(session: AsyncSession) -> object:
        nonlocal calls
        calls += 1
        await session.execute(text("SET LOCAL work_mem = '1MB'"))
        if calls == 1:
            await kill_under(session, replica)
        return await session.scalar(text("SHOW work_mem"))

    async with engines.replicas() as replicas:
        assert await replicas.read(function) == "1MB"
    assert calls == 2


async def test_a_statement_that_hits_the_limit_of_the_driver_is_not_run_again(
    primary: EmbeddedServer, replica: Replica
) -> None:
    """Its connection is well; on another server it would only take as long once more."""
    slow = create_plain_engine(replica.server.url("postgres", "asyncpg"), connect_args={"command_timeout": 0.5})
    engine = create_async_engine(primary.url("postgres", "asyncpg"))
    async with AsyncReplicas(engine, [slow], secret=SECRET) as replicas:
        with pytest.raises(TimeoutError):
            async with replicas.read_session() as session:
                await session.execute(text("SELECT pg_sleep(30)"))
        metrics = replicas.metrics()
    assert (metrics.failovers, metrics.replicas[0].is_healthy) == (0, True)
    await engine.dispose()
    await slow.dispose()


@pytest.mark.parametrize(
    ("error", "expected"),
    [(TimeoutError(), False), (ConnectionResetError(), True), (OSError(), True), (ValueError(), False)],
)
def test_a_lost_connection_is_told_from_a_slow_statement(error: Exception, expected: bool) -> None:
    assert is_connection_lost(error) is expected


async def test_a_query_that_keeps_the_replica_from_replaying_runs_on_the_primary(
    engines: Engines, primary: EmbeddedServer, replica: Replica
) -> None:
    with primary.admin() as admin:
        admin.execute("DROP TABLE IF EXISTS gone; CREATE TABLE gone (id int); INSERT INTO gone VALUES (1)")
    replica.execute("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    replica.execute("SELECT pg_reload_conf()")
    replica.catch_up()
    async with engines.replicas() as replicas, replicas.read_session() as session:
        reading = asyncio.create_task(session.scalar(text("SELECT count(*) FROM gone WHERE pg_sleep(20) IS NOT NULL")))
        await until(lambda: bool(replica.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")))
        with primary.admin() as admin:
            admin.execute("TRUNCATE gone")
        assert await reading == 0
        metrics = replicas.metrics()
    assert (metrics.failovers, metrics.replicas[0].is_healthy) == (1, True)


async def test_a_primary_is_no_replica(engines: Engines) -> None:
    with pytest.raises(NotAReplica, match=r"replica 1 .* is a primary"):
        await AsyncReplicas(engines.primary, [engines.primary], secret=SECRET).start()
    with pytest.raises(NotAPrimary, match=r"the primary .* is a replica"):
        await AsyncReplicas(engines.replica, [engines.replica], secret=SECRET).start()


async def test_a_replica_of_another_system_is_refused(engines: Engines, server: EmbeddedServer) -> None:
    other = create_async_engine(server.url("postgres"))
    with pytest.raises(OtherSystem, match="made from this primary"):
        await AsyncReplicas(other, [engines.replica], secret=SECRET).start()
    await other.dispose()


async def test_one_that_is_down_at_the_start_is_used_later(engines: Engines, replica: Replica) -> None:
    await replica.kill()
    async with engines.replicas() as replicas:
        async with replicas.read_session() as session:
            assert await session.scalar(IN_RECOVERY) is False
        assert replicas.metrics().reads_on_primary["unavailable"] == 1
        await replica.start_again()
        await until(lambda: replicas.metrics().replicas[0].is_healthy)
        async with replicas.read_session() as session:
            assert await session.scalar(IN_RECOVERY) is True


async def test_reads_go_on_while_the_primary_is_gone(replica: Replica) -> None:
    nowhere = create_async_engine("postgresql://postgres@/postgres?host=/nonexistent")
    engine = create_async_engine(replica.server.url("postgres"))
    async with AsyncReplicas(nowhere, [engine], secret=SECRET) as replicas, replicas.read_session() as session:
        assert await session.scalar(IN_RECOVERY) is True
    await engine.dispose()


async def test_a_promoted_replica_is_taken_out(primary: EmbeddedServer) -> None:
    with run_replica(primary) as promoted:
        async with connect(primary, promoted.server, "asyncpg") as engines, engines.replicas() as replicas:
            async with replicas.read_session() as session:
                assert await session.scalar(IN_RECOVERY) is True
            promoted.execute("SELECT pg_promote()")
            await until(lambda: not replicas.metrics().replicas[0].is_healthy)
            assert "is a primary" in replicas.metrics().replicas[0].problem
            promoted.execute("UPDATE notes SET text = 'astray' WHERE id = 1")
            async with replicas.read_session() as session:
                assert (await session.get_one(Note, 1)).text == "the first"
