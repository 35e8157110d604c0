"""Inside `nothing_stays` no engine commits, by whatever way; after it they do as before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, Engine, create_async_engine, exc, text
from sqlalchemy.ext.asyncio import create_async_engine

from pgwright.errors import CommitRefused
from pgwright.probe.rollback import nothing_stays
from pgwright_runtime import create_async_engine as create_runtime_engine
from runtime.tests.support.pgbouncer import run_pgbouncer
from runtime.tests.support.replica_servers import run_primary, run_replica
from tests.support.database import Database

INSERT = text("INSERT INTO note VALUES (1)")
COUNT = text("SELECT count(*) FROM note")


@pytest.fixture
def notes(database: Database) -> Database:
    database.execute("CREATE TABLE note (id int)")
    return database


def _commit(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(INSERT)
        connection.commit()
        assert connection.scalar(COUNT) == 1, "the handler sees its own write"


def _begin(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(INSERT)


def _savepoint(engine: Engine) -> None:
    with engine.begin() as connection, connection.begin_nested():
        connection.execute(INSERT)


def _autocommit(engine: Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(INSERT)


def _driver_autocommit(engine: Engine) -> None:
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.autocommit = True
        connection.execute(INSERT)


def _two_phases(engine: Engine) -> None:
    with engine.connect() as connection:
        transaction = connection.begin_twophase()
        connection.execute(INSERT)
        transaction.prepare()
        transaction.commit()


@pytest.mark.parametrize(
    "write", [_commit, _begin, _savepoint, _autocommit, _driver_autocommit, _two_phases], ids=lambda one: one.__name__
)
async def test_nothing_stays_inside_and_all_is_as_before_outside(
    notes: Database, write: Callable[[Engine], None]
) -> None:
    engine = create_async_engine(notes.url("psycopg"))
    async with nothing_stays(5_000, 5_000):
        write(engine)
    assert notes.rows("SELECT count(*) FROM note") == [(0,)]
    _begin(engine)
    engine.dispose()
    assert notes.rows("SELECT count(*) FROM note") == [(1,)]


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
async def test_an_engine_in_autocommit_leaves_nothing(notes: Database, driver: str) -> None:
    async with nothing_stays(5_000, 5_000):
        engine = create_async_engine(notes.url(driver), isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(INSERT)
            assert await connection.scalar(COUNT) == 1
    assert notes.rows("SELECT count(*) FROM note") == [(0,)]


@pytest.mark.parametrize("text_", ["COMMIT", " -- so\n end", "INSERT INTO note VALUES (1); commit"])
async def test_commit_as_text_is_refused(notes: Database, text_: str) -> None:
    engine = create_async_engine(notes.url("psycopg"))
    async with nothing_stays(5_000, 5_000):
        with engine.connect() as connection:
            connection.execute(INSERT)
            with pytest.raises(CommitRefused):
                connection.execute(text(text_))
            assert connection.scalar(text("SELECT CASE WHEN true THEN 'commit' END")) == "commit"
    assert notes.rows("SELECT count(*) FROM note") == [(0,)]


async def test_a_statement_is_stopped_at_the_limit(notes: Database) -> None:
    engine = create_async_engine(notes.url("psycopg"))
    async with nothing_stays(50, 5_000):
        with engine.connect() as connection, pytest.raises(exc.OperationalError, match="statement timeout"):
            connection.execute(text("SELECT pg_sleep(30)"))


async def test_a_pool_that_never_resets_is_emptied_at_the_end(notes: Database) -> None:
    engine = create_async_engine(notes.url("psycopg"), pool_reset_on_return=None)
    async with nothing_stays(5_000, 5_000):
        _begin(engine)
    _read(engine)
    engine.dispose()
    assert notes.rows("SELECT count(*) FROM note") == [(0,)]


def _read(engine: Engine) -> None:
    connection: Connection
    with engine.begin() as connection:
        assert connection.scalar(COUNT) == 0


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_behind_a_pooler_nothing_stays_and_nothing_leaks_into_it(notes: Database, driver: str) -> None:
    """PgBouncer takes no startup parameter that it does not know."""
    with run_pgbouncer(notes.server, pool_mode="transaction", pool_size=1) as bouncer:
        url = bouncer.url(notes.name, driver)
        async with nothing_stays(5_000, 5_000):
            engine = create_runtime_engine(url, pooler="transaction")
            async with engine.connect() as connection:
                await connection.execute(INSERT)
                await connection.commit()
                assert await connection.scalar(COUNT) == 1
                assert await connection.scalar(text("SHOW statement_timeout")) == "5s"
        engine = create_runtime_engine(url, pooler="transaction")
        async with engine.begin() as connection:
            assert await connection.scalar(COUNT) == 0
            assert await connection.scalar(text("SHOW default_transaction_read_only")) == "off"
            assert await connection.scalar(text("SHOW statement_timeout")) != "5s"
            await connection.execute(INSERT)
        await engine.dispose()
    assert notes.rows("SELECT count(*) FROM note") == [(1,)]


async def test_a_standby_is_read_as_it_is() -> None:
    """A standby refuses to be made writable, which must not fail the handlers that read there."""
    with run_primary() as primary, run_replica(primary) as replica:
        for driver in ("asyncpg", "psycopg"):
            async with nothing_stays(5_000, 5_000):
                engine = create_async_engine(replica.server.url("postgres", driver))
                async with engine.connect() as connection:
                    assert await connection.scalar(text("SELECT pg_is_in_recovery()"))
                    await connection.commit()
                    assert await connection.scalar(text("SHOW statement_timeout")) == "5s"
