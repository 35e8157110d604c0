"""A replica that hangs: its processes stand still, its connections stay open. No read waits for ever."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from pgwright_runtime.replicas import AsyncReplicas, Replicas
from runtime.tests.support.replica_servers import Engines, Replica, SyncEngines, engines, primary, replica, sync_engines

__all__ = ["engines", "primary", "replica", "sync_engines"]  # fixtures

IN_RECOVERY = select(func.pg_is_in_recovery())
READERS = 30  # more than a pool has connections


def is_healthy(replicas: AsyncReplicas | Replicas) -> bool:
    return replicas.metrics().replicas[0].is_healthy


async def until_healthy(replicas: AsyncReplicas | Replicas) -> None:
    async with asyncio.timeout(30):
        while not is_healthy(replicas):
            await asyncio.sleep(0.01)


async def ask(replicas: AsyncReplicas) -> object:
    async with replicas.read_session() as session:
        return await session.scalar(IN_RECOVERY)


def ask_sync(replicas: Replicas) -> object:
    with replicas.read_session() as session:
        return session.scalar(IN_RECOVERY)


async def test_reads_under_way_go_on_elsewhere(engines: Engines, replica: Replica) -> None:
    async with engines.replicas(hang_s=2) as replicas:
        async with replicas.read_session() as session:
            assert await session.scalar(IN_RECOVERY)
            with replica.frozen():
                asked = (session.scalar(IN_RECOVERY), *(ask(replicas) for _ in range(READERS)))
                assert not any(await asyncio.gather(*asked))
                assert not is_healthy(replicas)
                assert replicas.metrics().replicas[0].problem == "no answer within 1 s"
                before = replicas.metrics()
                assert not await ask(replicas)
                after = replicas.metrics()
        assert before.failovers > READERS
        assert after.failovers == before.failovers  # it was not even tried
        await until_healthy(replicas)
        assert await ask(replicas)


async def test_sync_reads_under_way_go_on_elsewhere(sync_engines: SyncEngines, replica: Replica) -> None:
    with sync_engines.replicas(hang_s=2) as replicas, ThreadPoolExecutor(READERS) as threads:
        with replicas.read_session() as session:
            assert session.scalar(IN_RECOVERY)
            with replica.frozen():
                asked = [threads.submit(ask_sync, replicas) for _ in range(READERS)]
                assert not session.scalar(IN_RECOVERY)
                assert not any(each.result() for each in asked)
                assert not is_healthy(replicas)
                before = replicas.metrics()
                assert not ask_sync(replicas)
                after = replicas.metrics()
        assert before.failovers > READERS
        assert after.failovers == before.failovers
        await until_healthy(replicas)
        assert ask_sync(replicas)


async def test_a_function_is_called_again(engines: Engines, replica: Replica) -> None:
    calls = 0

    async def function(session: AsyncSession) -> object:
        nonlocal calls
        calls += 1
        await session.execute(text("SET LOCAL work_mem = '1MB'"))
        if calls == 1:
            freezing.enter_context(replica.frozen())
        return await session.scalar(IN_RECOVERY)

    async with engines.replicas(hang_s=1) as replicas:
        with ExitStack() as freezing:
            assert await replicas.read(function) is False
    assert calls == 2


def test_what_cannot_be_repeated_fails(sync_engines: SyncEngines, replica: Replica) -> None:
    with sync_engines.replicas(hang_s=1) as replicas, replicas.read_session() as session:
        session.execute(text("SET LOCAL work_mem = '1MB'"))
        with replica.frozen(), pytest.raises(DBAPIError):
            session.scalar(IN_RECOVERY)


async def test_nobody_else_waits_for_it_either(engines: Engines, replica: Replica) -> None:
    async with engines.replicas(hang_s=1) as replicas:
        with replica.frozen():
            await asyncio.gather(*(ask(replicas) for _ in range(3)))
            await engines.replica.dispose()
            with pytest.raises(TimeoutError, match=r"replica 1 .* does not answer"):
                await engines.replica.connect()
        await until_healthy(replicas)
    async with engines.replica.connect() as connection:
        assert await connection.scalar(IN_RECOVERY)


async def test_one_that_hangs_at_the_start_is_used_later(engines: Engines, replica: Replica) -> None:
    replicas = engines.replicas(hang_s=1)
    with replica.frozen():
        await replicas.start()
        assert not await ask(replicas)
    await until_healthy(replicas)
    assert await ask(replicas)
    await replicas.stop()


async def test_a_watch_that_waits_can_be_stopped(engines: Engines, sync_engines: SyncEngines, replica: Replica) -> None:
    replicas, sync_replicas = engines.replicas(), sync_engines.replicas()
    await replicas.start()
    sync_replicas.start()
    with replica.frozen():
        await asyncio.sleep(0.3)
        await replicas.stop()
        sync_replicas.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "pgwright"]


async def test_a_slow_statement_is_not_a_server_that_hangs(engines: Engines) -> None:
    async with engines.replicas(hang_s=1) as replicas, replicas.read_session() as session:
        assert await session.scalar(text("SELECT pg_is_in_recovery() FROM pg_sleep(3)"))
        assert replicas.metrics().failovers == 0
