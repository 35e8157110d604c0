"""A transaction whose connection is lost: before it began it is repeated, later it is not, in COMMIT nobody knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine as create_plain_async_engine
from sqlalchemy.orm import Session

from pgwright_runtime.resilience import Breaker, BreakerSettings, CircuitOpen, OutcomeUnknown, Unreachable
from runtime.tests.support.doctors import TABLE, AnyEngine, Doctor, dispose, engine_of, transact
from runtime.tests.support.mortal_server import MortalServer, run_mortal_server
from tests.support.database import Database

DRIVERS = ["asyncpg", "psycopg", "psycopg sync"]
ADD = "UPDATE doctors SET calls = calls + 1 WHERE id = 1"
CALLS = "SELECT calls FROM doctors WHERE id = 1"
# A COMMIT is written, and not acknowledged until a standby has it, which never comes.
WAITING = {"synchronous_standby_names": "nobody", "synchronous_commit": "on"}


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def plain_engine(database: Database, driver: str) -> AsyncIterator[AnyEngine]:
    """Without pings."""
    database.execute(TABLE)
    url = database.url(driver.removesuffix(" sync"))
    make: Any = sqlalchemy.create_engine if driver.endswith("sync") else create_plain_async_engine
    engine = make(url)
    yield engine
    await dispose(engine)


@pytest.fixture(scope="module")
def mortal() -> Iterator[MortalServer]:
    with run_mortal_server(wal_level="replica", max_wal_senders="2") as server:
        with server.server.admin() as admin:
            for statement in TABLE.split(";"):
                admin.execute(statement.encode())
        yield server


class Adding:
    """A job that counts how often it ran, and may look who serves it."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, session: Session) -> None:
        self.calls += 1
        session.execute(text(ADD))


def end_sessions(database: Database) -> None:
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    database.rows(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {others}")


async def test_a_pooled_connection_that_died_costs_no_call(plain_engine: AnyEngine, database: Database) -> None:
    job = Adding()
    await transact(plain_engine, job)
    for _ in range(3):
        end_sessions(database)
        await transact(plain_engine, job)
    assert job.calls == 4
    assert database.rows(CALLS) == [(4,)]


async def test_a_connection_lost_between_two_statements_is_not_repeated(
    plain_engine: AnyEngine, database: Database
) -> None:
    job = Adding()

    def work(session: Session) -> None:
        job(session)
        end_sessions(database)
        session.get(Doctor, 2)

    with pytest.raises(DBAPIError) as lost:
        await transact(plain_engine, work)
    assert not isinstance(lost.value, OutcomeUnknown)
    assert job.calls == 1
    assert database.rows(CALLS) == [(0,)]


async def test_a_connection_lost_before_the_functions_own_first_statement_is_not_repeated(
    plain_engine: AnyEngine, database: Database
) -> None:
    """It has begun, and what it did outside of the database is not known here."""
    calls = 0

    def work(session: Session) -> None:
        nonlocal calls
        calls += 1
        end_sessions(database)
        session.execute(text(ADD))

    with pytest.raises(DBAPIError):
        await transact(plain_engine, work)
    assert calls == 1


@pytest.mark.parametrize("how", ["server killed", "session ended"])
async def test_a_connection_lost_in_commit_leaves_the_outcome_unknown(
    mortal: MortalServer, driver: str, how: str
) -> None:
    with mortal.server.admin() as admin:
        before = admin.execute(CALLS.encode()).fetchone()
    for name, value in WAITING.items():
        with mortal.server.admin() as admin:
            admin.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
            admin.execute(b"SELECT pg_reload_conf()")
    engine, job = engine_of(mortal.server.url("postgres"), driver), Adding()
    task = asyncio.create_task(transact(engine, job))
    waits = b"SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    with mortal.server.admin() as admin:
        while (found := admin.execute(waits).fetchone()) is None:
            assert not task.done()
            await asyncio.sleep(0.01)
        if how == "session ended":
            admin.execute("SELECT pg_terminate_backend(%s, 10000)", found)
    if how == "server killed":
        mortal.kill()
    with pytest.raises(OutcomeUnknown) as unknown:
        await task
    assert isinstance(unknown.value.__cause__, DBAPIError)
    assert job.calls == 1
    await dispose(engine)
    if how == "server killed":
        mortal.start()
    with mortal.server.admin() as admin:
        # It had been committed: done again, it would count twice.
        after = admin.execute(CALLS.encode()).fetchone()
        admin.execute(b"ALTER SYSTEM RESET ALL")
        admin.execute(b"SELECT pg_reload_conf()")
    assert before is not None
    assert after == (before[0] + 1,)


async def test_a_server_that_is_not_there_is_tried_again(mortal: MortalServer, driver: str) -> None:
    engine, job = engine_of(mortal.server.url("postgres"), driver), Adding()
    mortal.kill()
    try:
        with pytest.raises((DBAPIError, OSError)) as given_up:
            await transact(engine, job, attempts=2)
        assert "attempt 2" in given_up.value.__notes__[0]
    finally:
        mortal.start()
    assert job.calls == 0
    await transact(engine, job)
    await dispose(engine)


async def test_an_open_breaker_is_not_tried_again(mortal: MortalServer, driver: str) -> None:
    engine, job = engine_of(mortal.server.url("postgres"), driver), Adding()
    breaker = Breaker("database", settings=BreakerSettings(failures=2, pause_s=60, longest_pause_s=60))
    breaker.protect(engine)
    mortal.kill()
    try:
        with pytest.raises(CircuitOpen):
            await transact(engine, job, attempts=9)
        assert breaker.counts.rejected == 1
        with pytest.raises(CircuitOpen):
            await transact(engine, job, attempts=9)
        assert breaker.counts.rejected == 2
    finally:
        mortal.start()
    await dispose(engine)


def test_what_cannot_be_reached_is_an_oserror_too() -> None:
    error = Unreachable("database", ConnectionRefusedError(111, "refused"))
    assert isinstance(error, ConnectionError)
    assert str(error) == "'database' cannot be reached: ConnectionRefusedError: [Errno 111] refused"
