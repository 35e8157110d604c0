"""Engines behind the real PgBouncer, which shares two connections to the server among all clients."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import BindParameter, Connection, bindparam, event, exc, text
from sqlalchemy.ext.asyncio import AsyncEngine

from pgwright.embedded import EmbeddedServer
from pgwright_runtime import Timeouts, count_statements, create_async_engine, create_engine
from runtime.tests.support.pgbouncer import PgBouncer, run_pgbouncer
from tests.support.database import Database

CLIENTS = 20
ROUNDS = 30
LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
# Different texts, so that each connection to the server is asked to prepare different statements under equal names.
STATEMENTS = [text(f"SELECT CAST(:n AS int) + {k}, pg_backend_pid()") for k in range(5)]

both_drivers = pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])


@pytest.fixture(scope="module")
def bouncer(server: EmbeddedServer) -> Iterator[PgBouncer]:
    with run_pgbouncer(server, pool_mode="transaction", pool_size=2) as running:
        yield running


@pytest.fixture(scope="module")
def session_bouncer(server: EmbeddedServer) -> Iterator[PgBouncer]:
    with run_pgbouncer(server, pool_mode="session", pool_size=2) as running:
        yield running


def engine_for(bouncer: PgBouncer, database: Database, driver: str, **options: Any) -> AsyncEngine:
    options = {"pooler": "transaction", "pool_size": CLIENTS, "max_overflow": 0, **options}
    return create_async_engine(bouncer.url(database.name, driver), **options)


def prepared_names(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT name FROM pg_prepared_statements")))


@both_drivers
async def test_thousands_of_statements_over_two_connections(
    bouncer: PgBouncer, database: Database, driver: str
) -> None:
    engine = engine_for(bouncer, database, driver, timeouts=Timeouts(pool_s=60))
    backends: set[int] = set()

    async def work(client: int) -> list[int]:
        seen = []
        for turn in range(ROUNDS):
            async with engine.connect() as connection:
                for k, statement in enumerate(STATEMENTS):
                    value, backend = (await connection.execute(statement, {"n": client * 1000 + turn})).one()
                    seen.append(value - k)
                    backends.add(backend)
                await (connection.commit() if turn % 10 else connection.rollback())
        return seen

    results = await asyncio.gather(*map(work, range(CLIENTS)))
    async with engine.connect() as connection:
        names = await connection.run_sync(prepared_names)
    await engine.dispose()
    for client, seen in enumerate(results):
        assert seen == [client * 1000 + turn for turn in range(ROUNDS) for _ in STATEMENTS]
    assert sum(map(len, results)) == CLIENTS * ROUNDS * len(STATEMENTS)
    assert len(backends) == 2
    assert names == []


def test_thousands_of_statements_with_threads(bouncer: PgBouncer, database: Database) -> None:
    url = bouncer.url(database.name, "psycopg")
    engine = create_engine(url, pooler="transaction", pool_size=8, max_overflow=0, timeouts=Timeouts(pool_s=60))

    def work(client: int) -> list[int]:
        seen = []
        for turn in range(ROUNDS):
            with engine.begin() as connection:
                for statement in STATEMENTS:
                    seen.append(connection.execute(statement, {"n": client * 1000 + turn}).one()[0])
        return seen

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(work, range(8)))
    with engine.connect() as connection:
        assert prepared_names(connection) == []
    engine.dispose()
    for client, seen in enumerate(results):
        assert seen == [client * 1000 + turn + k for turn in range(ROUNDS) for k in range(len(STATEMENTS))]


@both_drivers
async def test_autocommit_streams_many_rows_and_lists(bouncer: PgBouncer, database: Database, driver: str) -> None:
    # All wait for a connection at once; how long the last one does is the machine's matter.
    engine = engine_for(bouncer, database, driver, timeouts=Timeouts(pool_s=300))
    database.execute("CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE days (n int, mood mood)")
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def insert(n: int) -> None:
        async with autocommit.connect() as connection:
            insertion = text("INSERT INTO days VALUES (:n, CAST(:mood AS mood))")
            await connection.execute(insertion, [{"n": n, "mood": "good"}, {"n": n + 1, "mood": "bad"}])
            for k in range(6):  # psycopg prepares after five
                assert await connection.scalar(text("SELECT CAST(:n AS int)"), {"n": n + k}) == n + k

    await asyncio.gather(*(insert(n) for n in range(0, 400, 2)))
    async with engine.connect() as connection:
        rows = await connection.stream(text("SELECT n, mood FROM days ORDER BY n"))
        streamed = [tuple(row) async for row in rows]
        listed: BindParameter[int] = bindparam("list", expanding=True)
        some = await connection.execute(
            text("SELECT count(*) FROM days WHERE n IN :list").bindparams(listed), {"list": [1, 2]}
        )
        assert some.scalar() == 2
    await engine.dispose()
    assert streamed == [(n, "bad" if n % 2 else "good") for n in range(400)]


@both_drivers
async def test_each_transaction_has_its_limits_and_leaves_none(
    bouncer: PgBouncer, database: Database, driver: str
) -> None:
    engine = engine_for(bouncer, database, driver, timeouts=Timeouts(statement_ms=1_500), application_name="web")
    plain = engine_for(
        bouncer, database, driver, timeouts=Timeouts(statement_ms=None, lock_ms=None, idle_in_transaction_ms=None)
    )
    shown = [text(f"SHOW {name}") for name in (*LIMITS, "application_name")]
    for _ in range(3):  # on a new connection and on one that the pool had
        async with engine.begin() as connection:
            assert [await connection.scalar(show) for show in shown] == ["1500ms", "5s", "1min", "web"]
        async with plain.connect() as connection:
            assert [await connection.scalar(show) for show in shown[:3]] == ["0", "0", "0"]
    await engine.dispose()
    await plain.dispose()


@both_drivers
async def test_the_server_stops_a_slow_statement(bouncer: PgBouncer, database: Database, driver: str) -> None:
    engine = engine_for(bouncer, database, driver, timeouts=Timeouts(statement_ms=500))
    for _ in range(3):  # more often than there are connections: none is lost by it
        async with engine.connect() as connection:
            with pytest.raises(exc.DBAPIError, match="statement timeout"):
                await connection.execute(text("SELECT pg_sleep(5)"))
    await engine.dispose()


@both_drivers
async def test_the_limits_take_no_snapshot_and_are_not_counted(
    bouncer: PgBouncer, database: Database, driver: str
) -> None:
    engine = engine_for(bouncer, database, driver)
    database.execute("CREATE TABLE t (n int)")
    repeatable = engine.execution_options(isolation_level="REPEATABLE READ")
    with count_statements(engine) as statements:
        async with repeatable.connect() as connection:
            await connection.execute(text("LOCK TABLE t IN ACCESS SHARE MODE"))
            database.execute("INSERT INTO t VALUES (1)")
            assert await connection.scalar(text("SELECT count(*) FROM t")) == 1
    await engine.dispose()
    assert statements.count == 2


@both_drivers
async def test_without_the_mode_pgbouncer_refuses_the_settings(
    bouncer: PgBouncer, database: Database, driver: str
) -> None:
    engine = engine_for(bouncer, database, driver, pooler="none")
    with pytest.raises(Exception, match="unsupported startup parameter"):
        await engine.connect().start()
    await engine.dispose()


@both_drivers
async def test_session_mode_sets_the_limits_once(session_bouncer: PgBouncer, database: Database, driver: str) -> None:
    engine = engine_for(
        session_bouncer, database, driver, pooler="session", pool_size=1, timeouts=Timeouts(statement_ms=1_500)
    )
    executed: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *arguments: executed.append(arguments[2]))
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with autocommit.connect() as connection:
        assert await connection.scalar(text("SHOW statement_timeout")) == "1500ms"
    async with engine.connect() as connection:
        await connection.rollback()
        assert await connection.scalar(text("SHOW lock_timeout")) == "5s"
    await engine.dispose()
    assert [one for one in executed if one.startswith("SHOW")] == ["SHOW statement_timeout", "SHOW lock_timeout"]


def test_session_mode_with_threads(session_bouncer: PgBouncer, database: Database) -> None:
    url = session_bouncer.url(database.name, "psycopg")
    engine = create_engine(url, pooler="session", pool_size=2, max_overflow=0, timeouts=Timeouts(lock_ms=0))
    with engine.connect() as connection:
        assert [connection.scalar(text(f"SHOW {name}")) for name in LIMITS] == ["30s", "0", "1min"]
    engine.dispose()
