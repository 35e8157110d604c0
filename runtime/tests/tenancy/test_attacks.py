"""What an app does, or an attacker inside it, to get past the binding: it gets its own rows, or an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, exc, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from pgwright_runtime.tenancy import TenancyError, TenantChanged, TenantMissing, current_tenant, for_tenants, tenant
from runtime.tests.support.tenancy_couriers import A, B, Courier, app_url, make_couriers, make_role, policy_sql
from tests.support.database import Database

ORGANIZATIONS = select(Courier.organization_id).distinct()
OF_BOTH = [{"organization_id": own, "status": "free"} for own in (A, B)]


@pytest.fixture
def couriers(database: Database) -> Database:
    make_couriers(database)
    return database


@pytest.fixture
def bound(couriers: Database) -> Iterator[Engine]:
    engine = create_engine(app_url(couriers, "psycopg"), pool_size=1, max_overflow=0)
    yield for_tenants(engine)
    engine.dispose()


@pytest.fixture(params=["asyncpg", "psycopg"])
async def async_bound(couriers: Database, request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(app_url(couriers, request.param), pool_size=1, max_overflow=0)
    yield for_tenants(engine)
    await engine.dispose()


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK", "ROLLBACK; BEGIN", "COMMIT AND CHAIN", "RESET ALL"])
def test_a_transaction_that_sql_ended_reads_nothing(bound: Engine, end: str) -> None:
    with tenant(A), bound.connect() as connection:
        assert connection.scalars(ORGANIZATIONS).all() == [A]
        connection.exec_driver_sql(end)
        with pytest.raises(exc.DataError, match="invalid input syntax"):
            connection.execute(ORGANIZATIONS)


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK", "RESET ALL"])
def test_so_it_is_with_texts(database: Database, end: str) -> None:
    database.execute("CREATE TABLE shops (shop text); INSERT INTO shops VALUES ('a'), ('')")
    database.execute(policy_sql("shops", column="shop", type="text"))
    make_role(database)
    engine = for_tenants(create_engine(app_url(database, "psycopg")), type=str)
    with tenant("a"), engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT * FROM shops").all() == [("a",)]
        connection.exec_driver_sql(end)
        with pytest.raises(exc.ProgrammingError, match=r"current_org_id\.is_empty"):
            connection.exec_driver_sql("SELECT * FROM shops")
    engine.dispose()


def test_what_a_session_was_left_with_is_overridden(bound: Engine) -> None:
    with tenant(A), bound.begin() as connection:
        connection.exec_driver_sql(f"SET app.current_org_id = {B}")
    with tenant(A), bound.begin() as connection:
        assert connection.scalars(ORGANIZATIONS).all() == [A]


def test_a_two_phase_transaction_is_bound(bound: Engine) -> None:
    for own in (A, B):
        with tenant(own), bound.connect() as connection, connection.begin_twophase() as transaction:
            assert connection.scalars(ORGANIZATIONS).all() == [own]
            transaction.rollback()


def test_copy_keeps_to_the_tenant(bound: Engine) -> None:
    with tenant(A), bound.connect() as connection:
        connection.execute(ORGANIZATIONS)
        cursor: Any = connection.connection.cursor()
        with cursor.copy("COPY couriers (organization_id) TO STDOUT") as copy:
            assert b"".join(copy) == f"{A}\n".encode() * 5
        into = cursor.copy("COPY couriers (organization_id, status) FROM STDIN")
        with pytest.raises(psycopg.Error, match="row-level security"), into as copy:
            copy.write(f"{A}\tfree\n")


def test_the_drivers_own_cursor_is_refused_by_the_server(bound: Engine) -> None:
    with tenant(A), bound.connect() as connection:
        connection.execute(ORGANIZATIONS)
        connection.rollback()
        cursor: Any = connection.connection.cursor()
        with pytest.raises(psycopg.Error, match="invalid input syntax"):
            cursor.execute("SELECT * FROM couriers")


def test_a_connection_that_left_the_pool_or_was_replaced_stays_bound(bound: Engine) -> None:
    with tenant(A), bound.connect() as connection:
        connection.detach()
        assert connection.scalars(ORGANIZATIONS).all() == [A]
        with tenant(B), pytest.raises(TenantChanged):
            connection.execute(ORGANIZATIONS)
    with tenant(A), bound.connect() as connection:
        connection.execute(ORGANIZATIONS)
        connection.invalidate()
        connection.rollback()
        with tenant(B):
            assert connection.scalars(ORGANIZATIONS).all() == [B]


def test_bulk_operations_keep_to_the_tenant(bound: Engine) -> None:
    with tenant(A), Session(bound) as session:
        changed: Any = session.execute(update(Courier).values(status="busy"))
        assert changed.rowcount == 5
        for statement in (insert(Courier), insert(Courier).returning(Courier.id)):
            with pytest.raises(exc.ProgrammingError, match="row-level security"), session.begin_nested():
                session.execute(statement, OF_BOTH)
        with pytest.raises(exc.ProgrammingError, match="row-level security"), session.begin_nested():
            session.bulk_insert_mappings(Courier, OF_BOTH)
        with pytest.raises(exc.ProgrammingError, match="row-level security"), session.begin_nested():
            session.execute(update(Courier).values(organization_id=B))
        assert session.scalars(select(Courier.organization_id)).all() == [A] * 5


async def test_autocommit_is_refused_by_each_driver(async_bound: AsyncEngine) -> None:
    with tenant(A):
        async with async_bound.connect() as connection:
            await connection.execute(ORGANIZATIONS)
            await connection.rollback()
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            with pytest.raises(TenancyError, match="commits by itself"):
                await connection.execute(ORGANIZATIONS)


async def test_a_savepoint_that_failed_leaves_the_session_bound(async_bound: AsyncEngine) -> None:
    async with AsyncSession(async_bound) as session:
        with tenant(A):
            with pytest.raises(exc.DBAPIError):
                async with session.begin_nested():
                    await session.execute(text("SELECT 1 / 0"))
            assert (await session.scalars(ORGANIZATIONS)).all() == [A]
        with pytest.raises(TenantMissing):
            await session.execute(ORGANIZATIONS)
        await session.rollback()
        with tenant(B):
            assert (await session.scalars(ORGANIZATIONS)).all() == [B]


async def test_tasks_inherit_the_tenant_and_threads_do_not(async_bound: AsyncEngine) -> None:
    block_left = asyncio.Event()

    async def outlive() -> object:
        await block_left.wait()
        with tenant(B):
            pass
        async with async_bound.connect() as connection:
            return (await connection.scalars(ORGANIZATIONS)).all()

    with tenant(A):
        task = asyncio.create_task(outlive())
        await asyncio.sleep(0)
        with ThreadPoolExecutor(1) as threads:
            assert threads.submit(current_tenant.get).result() is None
    block_left.set()
    assert await task == [A]
    assert current_tenant.get() is None


@pytest.mark.parametrize("first", [0, 1])
async def test_blocks_that_overlap_leave_no_tenant_behind(first: int) -> None:
    async def rows_of(own: int) -> AsyncIterator[int]:
        with tenant(own):
            yield own

    streams = [rows_of(A), rows_of(B)]
    for stream in streams:
        await anext(stream)
    await streams[first].aclose()  # type: ignore[attr-defined]
    assert current_tenant.get() == (B, A)[first]
    await streams[1 - first].aclose()  # type: ignore[attr-defined]
    assert current_tenant.get() is None


def test_a_tenant_that_was_set_without_a_block_returns_after_one() -> None:
    token = current_tenant.set(A)
    with tenant(B):
        assert current_tenant.get() == B
    assert current_tenant.get() == A
    current_tenant.reset(token)
