"""The leak finder names the test's own line."""

from __future__ import annotations

import asyncio
import gc
import inspect
import logging
import subprocess
import sys
import warnings
from typing import Any

import pytest
from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from pgwright.embedded import EmbeddedServer
from pgwright_runtime import Timeouts, create_async_engine, create_engine
from pgwright_runtime.pools import Leak, LeakFinder

both_drivers = pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])


def line_above() -> int:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno - 1


def place(leak: Leak) -> tuple[str, int, str]:
    assert leak.caller is not None
    return leak.caller.file, leak.caller.line, leak.caller.function


@both_drivers
async def test_names_the_line_of_a_session_under_asyncio(server: EmbeddedServer, driver: str) -> None:
    engine = create_async_engine(server.url("postgres", driver))
    told: list[Leak] = []
    finder = LeakFinder(engine, hold_s=0, on_leak=told.append)

    async def endpoint(session: AsyncSession) -> int:
        await session.execute(text("SELECT 1"))
        return line_above()

    session = AsyncSession(engine)
    line = await asyncio.create_task(endpoint(session))
    (leak,) = finder.report()
    assert finder.report()[0].held_s > leak.held_s
    await session.close()
    here = (__file__, line, "test_names_the_line_of_a_session_under_asyncio.<locals>.endpoint")
    assert (place(leak), leak.state) == (here, "held")
    assert told == [leak]
    assert finder.report() == []
    await engine.dispose()


def test_names_the_line_of_a_sync_session_that_returns_late(server: EmbeddedServer, caplog: Any) -> None:
    engine = create_engine(server.url("postgres"))
    LeakFinder(engine, hold_s=0)
    with caplog.at_level(logging.WARNING, "pgwright_runtime.pools"), Session(engine) as session:
        session.execute(text("SELECT 1"))
        line = line_above()
    (record,) = caplog.records
    assert f"{__file__}:{line} in test_names_the_line_of_a_sync_session" in record.getMessage()
    assert "returned late" in record.getMessage()
    engine.dispose()


def test_quiet_while_connections_come_back_in_time(server: EmbeddedServer) -> None:
    engine = create_engine(server.url("postgres"))
    told: list[Leak] = []
    finder = LeakFinder(engine, hold_s=60, on_leak=told.append)
    for _ in range(3):
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            assert finder.report() == []
    with engine.connect() as connection:
        connection.detach()  # no longer the pool's
    with engine.connect() as connection:
        connection.invalidate()
    assert (told, finder.report()) == ([], [])
    engine.dispose()


def test_a_sync_connection_that_is_dropped_is_found(server: EmbeddedServer) -> None:
    engine = create_engine(server.url("postgres"), pool_size=1, max_overflow=0)
    told: list[Leak] = []
    LeakFinder(engine, hold_s=60, on_leak=told.append)

    def drop() -> int:
        engine.connect()
        return line_above()

    line = drop()
    gc.collect()
    (leak,) = told
    assert (leak.state, place(leak)[:2]) == ("never returned", (__file__, line))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


@both_drivers
async def test_an_async_connection_that_is_dropped_is_found(server: EmbeddedServer, driver: str) -> None:
    engine = create_async_engine(server.url("postgres", driver), pool_size=1, max_overflow=0)
    told: list[Leak] = []
    LeakFinder(engine, hold_s=60, on_leak=told.append)

    async def drop() -> int:
        await engine.connect()
        return line_above()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLAlchemy warns of it, and names no line
        line = await drop()
        gc.collect()
        await asyncio.sleep(0)
    (leak,) = told
    assert (leak.state, place(leak)[:2]) == ("never returned", (__file__, line))
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()


@both_drivers
async def test_a_timeout_names_the_line_that_holds_the_connection(server: EmbeddedServer, driver: str) -> None:
    engine = create_async_engine(
        server.url("postgres", driver), pool_size=1, max_overflow=0, timeouts=Timeouts(pool_s=0.05)
    )
    told: list[Leak] = []
    LeakFinder(engine, hold_s=0.01, on_leak=told.append)
    holder = await engine.connect()
    line = line_above()
    with pytest.raises(exc.TimeoutError, match=rf"Held for longest, 0\.\d s: {__file__}:{line} in test_a_timeout"):
        await engine.connect()
    assert [place(leak)[1] for leak in told] == [line]
    await holder.close()
    await engine.dispose()


def test_a_checkout_looks_at_the_others(server: EmbeddedServer) -> None:
    engine = create_engine(server.url("postgres"))
    told: list[Leak] = []
    LeakFinder(engine, hold_s=0, on_leak=told.append)
    with engine.connect(), engine.connect():
        assert [leak.state for leak in told] == ["held"]
    engine.dispose()


def test_a_library_is_named_when_no_line_of_the_app_is_on_the_stack(server: EmbeddedServer, tmp_path: Any) -> None:
    package = tmp_path / "site-packages" / "wrapper.py"
    package.parent.mkdir()
    package.write_text("def take(engine):\n    return engine.connect()\n")
    program = (
        "import sys, threading, wrapper\n"
        "from pgwright_runtime import create_engine\n"
        "from pgwright_runtime.pools import LeakFinder\n"
        "engine = create_engine(sys.argv[1])\n"
        "leaks = LeakFinder(engine, hold_s=0, on_leak=lambda leak: print(leak.caller))\n"
        "thread = threading.Thread(target=wrapper.take, args=(engine,))\n"
        "thread.start(); thread.join(); engine.dispose()\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program, server.url("postgres")],
        env={"PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown == f"{package}:2 in take\n"


@both_drivers
async def test_a_session_used_by_two_tasks_leaves_the_pool_whole(server: EmbeddedServer, driver: str) -> None:
    engine = create_async_engine(
        server.url("postgres", driver), pool_size=2, max_overflow=0, timeouts=Timeouts(pool_s=1)
    )
    finder = LeakFinder(engine, hold_s=0, on_leak=lambda _: None)
    for _ in range(3):
        async with AsyncSession(engine) as session:
            query = text("SELECT pg_sleep(0.01)")
            results = await asyncio.gather(*(session.execute(query) for _ in range(2)), return_exceptions=True)
            assert any(isinstance(result, (exc.SQLAlchemyError, RuntimeError)) for result in results)
    assert (engine.sync_engine.pool.checkedout(), finder.report()) == (0, [])  # type: ignore[attr-defined]
    async with engine.connect() as one, engine.connect() as two:
        assert [await c.scalar(text("SELECT txid_current_if_assigned() IS NULL")) for c in (one, two)] == [True, True]
    await engine.dispose()


def test_a_negative_time_is_refused(server: EmbeddedServer) -> None:
    with pytest.raises(ValueError, match="hold_s is -1"):
        LeakFinder(create_engine(server.url("postgres")), hold_s=-1)
