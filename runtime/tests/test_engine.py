"""The engine's limits arrive at the server, with both drivers."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import JSON, exc, literal, select, text
from sqlalchemy.pool import QueuePool

from pgwright.embedded import EmbeddedServer
from pgwright_runtime import Timeouts, create_async_engine, create_engine
from pgwright_runtime.pools import PoolBudget, PoolBudgetWarning, Pooler, PoolOverBudget
from pgwright_runtime.pools.watched import watched_pool
from tests.support.database import Database

SETTINGS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")


@pytest.mark.parametrize("driver", ["", "asyncpg", "psycopg"])
async def test_every_connection_carries_its_limits(server: EmbeddedServer, driver: str) -> None:
    engine = create_async_engine(
        server.url("postgres", driver), application_name=r"my app \ 1", timeouts=Timeouts(lock_ms=1_500)
    )
    async with engine.connect() as connection:
        shown = [await connection.scalar(text(f"SHOW {name}")) for name in SETTINGS]
    await engine.dispose()
    assert shown == ["30s", "1500ms", "1min", r"my app \ 1"]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_the_server_stops_a_slow_statement(server: EmbeddedServer, driver: str) -> None:
    engine = create_async_engine(server.url("postgres", driver), timeouts=Timeouts(statement_ms=500))
    with pytest.raises(exc.DBAPIError, match="statement timeout"):
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_sleep(5)"))
    await engine.dispose()


async def test_a_request_waits_for_a_connection_only_so_long(server: EmbeddedServer) -> None:
    engine = create_async_engine(server.url("postgres"), pool_size=1, max_overflow=0, timeouts=Timeouts(pool_s=0.05))
    async with engine.connect():
        with pytest.raises(exc.TimeoutError):
            await engine.connect().start()
    await engine.dispose()


async def test_a_connection_that_the_server_ended_is_replaced(server: EmbeddedServer) -> None:
    engine = create_async_engine(server.url("postgres"), pool_size=1, max_overflow=0)
    async with engine.connect() as connection:
        process_id = await connection.scalar(text("SELECT pg_backend_pid()"))
    with server.admin() as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [process_id])
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()


@pytest.mark.parametrize("url", ["postgresql+psycopg2://localhost/x", "sqlite+aiosqlite://", "mysql://localhost/x"])
def test_other_drivers_are_refused_by_name(url: str) -> None:
    with pytest.raises(ValueError, match="use postgresql"):
        create_async_engine(url)


def test_a_sync_engine_carries_the_same_limits(server: EmbeddedServer) -> None:
    engine = create_engine(server.url("postgres"), application_name="worker", timeouts=Timeouts(lock_ms=0))
    with engine.connect() as connection:
        shown = [connection.scalar(text(f"SHOW {name}")) for name in SETTINGS]
    engine.dispose()
    assert shown == ["30s", "0", "1min", "worker"]


def test_a_sync_engine_refuses_an_async_driver() -> None:
    with pytest.raises(ValueError, match=r"'postgresql\+asyncpg'; use postgresql\+psycopg$"):
        create_engine("postgresql+asyncpg://localhost/x")


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_without_a_limit_the_role_decides(database: Database, driver: str) -> None:
    role = database.name
    database.execute(f"CREATE ROLE {role} LOGIN; ALTER ROLE {role} SET statement_timeout = '7s'")
    url = database.url(driver).replace("postgres@", f"{role}@")
    engine = create_async_engine(url, timeouts=Timeouts(statement_ms=None))
    async with engine.connect() as connection:
        assert [await connection.scalar(text(f"SHOW {name}")) for name in SETTINGS[:2]] == ["7s", "5s"]
    await engine.dispose()
    database.execute(f"DROP ROLE {role}")


def test_the_pool_comes_from_the_budget() -> None:
    budget = PoolBudget(max_connections=100, processes=8)
    sizes = [
        (pool.pool_size, pool.max_overflow)
        for pool in (
            watched_pool(create_async_engine("postgresql://")),
            watched_pool(create_async_engine("postgresql://", budget=budget)),
            watched_pool(create_async_engine("postgresql://", budget=budget, max_overflow=0)),
            watched_pool(create_engine("postgresql://", budget=budget, pool_size=2, max_overflow=1)),
        )
    ]
    assert sizes == [(10, 10), (5, 5), (5, 0), (2, 1)]


def test_a_pool_over_the_budget_is_refused_or_warned_of() -> None:
    budget = PoolBudget(max_connections=100, processes=8)
    with pytest.raises(PoolOverBudget, match="may open 640 connections, and there are 87"):
        create_async_engine("postgresql://", pool_size=50, max_overflow=30, budget=budget)
    with pytest.warns(PoolBudgetWarning, match="may open 640 connections") as caught:
        create_engine("postgresql://", pool_size=50, max_overflow=30, budget=replace(budget, on_excess="warn"))
    assert caught[0].filename == __file__


def test_the_pooler_is_stated_once() -> None:
    budget = PoolBudget(max_connections=100, pooler="transaction")
    with pytest.raises(ValueError, match="pooler is 'session', and the budget's is 'transaction'"):
        create_async_engine("postgresql://", budget=budget, pooler="session")
    with pytest.raises(ValueError, match="unknown pooler 'statement'; use one of none, session, transaction"):
        create_async_engine("postgresql://", pooler="statement")  # type: ignore[arg-type]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
@pytest.mark.parametrize("pooler", ["none", "session", "transaction"])
async def test_other_options_are_sqlalchemy_s(server: EmbeddedServer, driver: str, pooler: Pooler) -> None:
    timezone = {"server_settings": {"timezone": "UTC"}} if driver == "asyncpg" else {"options": "-c timezone=UTC"}
    engine = create_async_engine(
        server.url("postgres", driver),
        pooler=pooler,
        application_name="shop",
        connect_args=timezone,
        isolation_level="REPEATABLE READ",
        json_serializer=lambda value: "[7]",
    )
    async with engine.connect() as connection:
        names = (*SETTINGS, "timezone", "transaction_isolation")
        shown = [await connection.scalar(text(f"SHOW {name}")) for name in names]
        value = await connection.scalar(select(literal({}, JSON)))
    await engine.dispose()
    assert shown == ["30s", "5s", "1min", "shop", "UTC", "repeatable read"]
    assert value == [7]


def test_a_sync_engine_takes_them_too(server: EmbeddedServer) -> None:
    engine = create_engine(server.url("postgres"), echo=True, connect_args={"options": "-c lc_monetary=C"})
    with engine.connect() as connection:
        assert [connection.scalar(text(f"SHOW {name}")) for name in ("lc_monetary", "lock_timeout")] == ["C", "5s"]
    assert engine.echo
    engine.dispose()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"pool_timeout": 3}, r"pool_timeout is set here: give timeouts=Timeouts\(pool_s=…\)"),
        ({"pool_recycle": 3}, "recycle_s"),
        ({"poolclass": QueuePool}, "poolclass is set here"),
        ({"creator": print}, "give connect_args"),
        ({"connect_args": {"options": "-c lock_timeout=7"}}, "connect_args has lock_timeout"),
        ({"connect_args": {"options": "--lock-timeout=7"}}, "connect_args has lock_timeout"),
        ({"connect_args": {"application_name": "a"}, "application_name": "b"}, "connect_args has application_name"),
        ({"connect_args": {"prepare_threshold": 7}, "pooler": "transaction"}, "connect_args has prepare_threshold"),
    ],
    ids=str,
)
def test_what_is_set_here_is_no_option(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        create_engine("postgresql://", **options)


def test_nor_are_the_settings_of_asyncpg() -> None:
    given = {"server_settings": {"statement_timeout": "7"}}
    with pytest.raises(ValueError, match="connect_args has statement_timeout"):
        create_async_engine("postgresql://", connect_args=given)
    create_async_engine("postgresql://", connect_args=given, timeouts=Timeouts(statement_ms=None))
    with pytest.raises(TypeError, match="'pol_size'"):
        create_async_engine("postgresql://", pol_size=3)


def test_the_runtime_imports_nothing_of_the_tool() -> None:
    program = (
        "import sys, pgwright_runtime\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] == 'pgwright'))\n"
        "optional = {'psycopg', 'asyncpg', 'prometheus_client', 'fastapi', 'pydantic', 'sqlalchemy.orm'}\n"
        "print(sorted(({'pglast', 'alembic', 'click', 'rich', 'jinja2'} | optional) & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == ["[]", "[]"]
