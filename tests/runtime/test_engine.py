"""The engine's limits arrive at the server, with both drivers."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import exc, text

from pgwright.embedded import EmbeddedServer
from pgwright.runtime import create_engine

SETTINGS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "application_name")


@pytest.mark.parametrize("driver", ["", "asyncpg", "psycopg"])
async def test_every_connection_carries_its_limits(server: EmbeddedServer, driver: str) -> None:
    engine = create_engine(server.url("postgres", driver), application_name=r"my app \ 1", lock_timeout_ms=1_500)
    async with engine.connect() as connection:
        shown = [await connection.scalar(text(f"SHOW {name}")) for name in SETTINGS]
    await engine.dispose()
    assert shown == ["30s", "1500ms", "1min", r"my app \ 1"]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_the_server_stops_a_slow_statement(server: EmbeddedServer, driver: str) -> None:
    engine = create_engine(server.url("postgres", driver), statement_timeout_ms=50)
    with pytest.raises(exc.DBAPIError, match="statement timeout"):
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_sleep(5)"))
    await engine.dispose()


async def test_a_request_waits_for_a_connection_only_so_long(server: EmbeddedServer) -> None:
    engine = create_engine(server.url("postgres"), pool_size=1, max_overflow=0, pool_timeout_s=0.05)
    async with engine.connect():
        with pytest.raises(exc.TimeoutError):
            await engine.connect().start()
    await engine.dispose()


async def test_a_connection_that_the_server_ended_is_replaced(server: EmbeddedServer) -> None:
    engine = create_engine(server.url("postgres"), pool_size=1, max_overflow=0)
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
        create_engine(url)


def test_the_runtime_imports_nothing_of_the_tool() -> None:
    program = (
        "import sys, pgwright.runtime\n"
        "print(sorted(name for name in sys.modules if name.startswith('pgwright.')))\n"
        "print(sorted({'psycopg', 'pglast', 'alembic', 'click', 'rich', 'jinja2'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == [
        "['pgwright.runtime', 'pgwright.runtime.engine', 'pgwright.runtime.statements']",
        "[]",
    ]
