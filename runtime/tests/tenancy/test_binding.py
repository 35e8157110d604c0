"""Each transaction is bound to one tenant, or nothing is sent; on the real server, with a role of the app's own."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, event, exc, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

from pgwright_runtime.tenancy import (
    InvalidTenant,
    TenancyError,
    TenantChanged,
    TenantMissing,
    current_tenant,
    for_tenants,
    tenant,
)
from runtime.tests.support.tenancy_couriers import A, B, Courier, app_url, make_couriers
from tests.support.database import Database

ORGANIZATIONS = select(Courier.organization_id).distinct()


@pytest.fixture
def couriers(database: Database) -> Database:
    make_couriers(database)
    return database


@pytest.fixture
def engine(couriers: Database) -> Iterator[Engine]:
    engine = create_engine(app_url(couriers, "psycopg"), pool_size=1, max_overflow=0)
    yield engine
    engine.dispose()


@pytest.fixture
def bound(engine: Engine) -> Engine:
    return for_tenants(engine)


@pytest.fixture(params=["asyncpg", "psycopg"])
async def async_bound(couriers: Database, request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(app_url(couriers, request.param), pool_size=1, max_overflow=0)
    yield for_tenants(engine)
    await engine.dispose()


def sent(engine: Engine) -> list[str]:
    """Collect what reaches the driver from now on."""
    texts: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda c, cursor, sql, *rest: texts.append(sql))
    return texts


async def test_each_tenant_sees_its_rows_over_one_connection(async_bound: AsyncEngine) -> None:
    for own in (A, B, A):
        with tenant(own):
            async with async_bound.connect() as connection:
                assert (await connection.scalars(ORGANIZATIONS)).all() == [own]
            async with AsyncSession(async_bound) as session:
                assert (await session.scalars(ORGANIZATIONS)).all() == [own]


def test_without_a_tenant_nothing_is_sent(bound: Engine) -> None:
    texts = sent(bound)
    with bound.connect() as connection:
        with pytest.raises(TenantMissing, match="with tenant"):
            connection.execute(ORGANIZATIONS)
        with tenant(A):  # the connection is as good as before
            assert connection.scalars(ORGANIZATIONS).all() == [A]
    with Session(bound) as session, pytest.raises(TenantMissing):
        session.scalars(ORGANIZATIONS)
    assert [sql for sql in texts if "couriers" in sql] == texts[1:]
    assert len(texts) == 2
    assert "set_config" in texts[0]


def test_the_setting_costs_one_statement_a_transaction(bound: Engine) -> None:
    texts = sent(bound)
    with tenant(A), bound.begin() as connection:
        for _ in range(3):
            connection.execute(ORGANIZATIONS)
    assert len(texts) == 4


def test_the_server_refuses_where_nothing_is_bound(couriers: Database, engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(exc.ProgrammingError, match="unrecognized configuration"):
        connection.execute(ORGANIZATIONS)
    with engine.connect() as connection:
        connection.execute(text("SELECT set_config('app.current_org_id', '7', true)"))
    with engine.connect() as connection, pytest.raises(exc.DataError, match="invalid input syntax"):
        connection.execute(ORGANIZATIONS)


def test_another_tenant_cannot_enter_an_open_transaction(bound: Engine) -> None:
    with tenant(A), bound.connect() as connection:
        connection.execute(ORGANIZATIONS)
        with tenant(B):
            with pytest.raises(TenantChanged, match="belongs to tenant 7, not to 8"):
                connection.execute(ORGANIZATIONS)
            connection.rollback()
            assert connection.scalars(ORGANIZATIONS).all() == [B]


def test_the_binding_survives_a_savepoint_that_is_rolled_back(bound: Engine) -> None:
    with tenant(A), bound.begin() as connection:
        with connection.begin_nested() as savepoint:
            connection.execute(ORGANIZATIONS)
            savepoint.rollback()
        assert connection.scalars(ORGANIZATIONS).all() == [A]


async def test_a_session_of_two_tasks_serves_one_tenant(async_bound: AsyncEngine) -> None:
    first_read, second_done = asyncio.Event(), asyncio.Event()

    async with AsyncSession(async_bound) as session:

        async def one() -> object:
            with tenant(A):
                await session.scalars(ORGANIZATIONS)
                first_read.set()
                await second_done.wait()
                return (await session.scalars(ORGANIZATIONS)).all()

        async def other() -> None:
            with tenant(B):
                await first_read.wait()
                try:
                    await session.scalars(ORGANIZATIONS)
                finally:
                    second_done.set()

        results = await asyncio.gather(one(), other(), return_exceptions=True)
    assert results[0] == [A]
    assert isinstance(results[1], TenantChanged)


def test_a_session_that_holds_objects_keeps_its_tenant(bound: Engine) -> None:
    with Session(bound, expire_on_commit=False) as session:
        with tenant(A):
            courier = session.scalars(select(Courier)).first()
            session.commit()
        with tenant(B):
            with pytest.raises(TenantChanged, match="this session belongs to tenant 7"):
                session.scalars(select(Courier)).all()
            session.rollback()
            assert courier in session
            session.expunge_all()
            assert {found.organization_id for found in session.scalars(select(Courier))} == {B}


@pytest.mark.parametrize(("early", "reads", "then"), [(None, A, B), (A, B, A)])
def test_a_connection_taken_early_decides_nothing(bound: Engine, early: int | None, reads: int, then: int) -> None:
    with Session(bound, expire_on_commit=False) as session:
        with tenant(early) if early else nullcontext():
            session.connection()
        with tenant(reads):
            held = session.scalars(select(Courier)).all()
            assert {courier.organization_id for courier in held} == {reads}
            session.commit()
        with tenant(then):
            for _ in range(2):  # nor is the error a way past it
                with pytest.raises(TenantChanged, match=f"this session belongs to tenant {reads}, not to {then}"):
                    session.scalars(select(Courier).order_by(Courier.id)).all()
            session.close()
            assert session.get(Courier, held[0].id) is None


@pytest.mark.parametrize(("early", "reads", "then"), [(None, A, B), (A, B, A)])
async def test_nor_does_an_async_one(async_bound: AsyncEngine, early: int | None, reads: int, then: int) -> None:
    async with AsyncSession(async_bound, expire_on_commit=False) as session:
        with tenant(early) if early else nullcontext():
            await session.connection()
        with tenant(reads):
            held = (await session.scalars(select(Courier))).all()
            await session.commit()
        with tenant(then):
            for _ in range(2):
                with pytest.raises(TenantChanged, match=f"this session belongs to tenant {reads}, not to {then}"):
                    await session.scalars(select(Courier))
            await session.close()
            assert await session.get(Courier, held[0].id) is None


def test_a_session_that_joins_a_bound_transaction_is_asked_at_every_statement(bound: Engine) -> None:
    with Session(bound, expire_on_commit=False) as session:
        with tenant(A):
            held = session.scalars(select(Courier)).all()
            session.commit()
        with tenant(B), bound.connect() as connection:
            connection.execute(ORGANIZATIONS)
            session.bind = connection
            for _ in range(2):
                with pytest.raises(TenantChanged, match="this session belongs to tenant 7"):
                    session.scalars(select(Courier)).all()
        assert held


def test_an_autocommit_connection_is_refused(bound: Engine) -> None:
    engine = bound.execution_options(isolation_level="AUTOCOMMIT")
    with tenant(A), engine.connect() as connection, pytest.raises(TenancyError, match="commits by itself"):
        connection.execute(ORGANIZATIONS)


def test_binding_twice_or_to_nothing_is_refused(bound: Engine) -> None:
    for again in (bound, sessionmaker(bound)):
        with pytest.raises(TenancyError, match="bound to a tenant already"):
            for_tenants(again)
    with pytest.raises(ValueError, match="bind=engine"):
        for_tenants(sessionmaker())
    with Session(bound) as session, pytest.raises(ValueError, match="an engine or a session factory can be bound"):
        for_tenants(session)  # type: ignore[call-overload]


def test_settings_and_types_that_cannot_be_are_refused() -> None:
    engine = create_engine("postgresql+psycopg://")
    for setting in ("tenant", "app.x'; --", "app.", ""):
        with pytest.raises(ValueError, match="prefix"):
            for_tenants(engine, setting=setting)
    with pytest.raises(ValueError, match="int, UUID or str"):
        for_tenants(engine, type=float)  # type: ignore[arg-type]


def test_an_id_that_was_set_past_the_check_is_refused_before_a_statement(bound: Engine) -> None:
    texts = sent(bound)
    reset = current_tenant.set("7; DROP TABLE couriers")
    with bound.connect() as connection, pytest.raises(InvalidTenant):
        connection.execute(ORGANIZATIONS)
    current_tenant.reset(reset)
    assert texts == []


def test_a_text_is_a_value_never_sql(couriers: Database) -> None:
    engine = for_tenants(create_engine(app_url(couriers, "psycopg")), setting="app.shop", type=str)
    odd = "o'; DROP TABLE couriers; --"
    with tenant(odd), engine.connect() as connection:
        assert connection.scalar(text("SELECT current_setting('app.shop')")) == odd
    engine.dispose()


def _read_in_child(engine: Engine, results: multiprocessing.Queue[object]) -> None:
    with tenant(B), engine.connect() as connection:
        for _ in range(20):
            results.put((connection.scalar(text("SELECT pg_backend_pid()")), *connection.scalars(ORGANIZATIONS)))
            connection.rollback()


def test_a_forked_process_opens_connections_of_its_own(bound: Engine) -> None:
    with tenant(A), bound.connect() as connection:
        own_backend = connection.scalar(text("SELECT pg_backend_pid()"))
    fork = multiprocessing.get_context("fork")
    results = fork.SimpleQueue()
    child = fork.Process(target=_read_in_child, args=(bound, results))
    child.start()
    with tenant(A):
        for _ in range(20):
            with bound.connect() as connection:
                assert connection.scalars(ORGANIZATIONS).all() == [A]
    child.join(20)
    seen = {results.get() for _ in range(20)}
    assert {organization for _, organization in seen} == {B}
    assert own_backend not in {backend for backend, _ in seen}


def _use_in_child(connection: object, results: multiprocessing.Queue[object]) -> None:
    try:
        connection.execute(ORGANIZATIONS)  # type: ignore[attr-defined]
    except TenancyError as error:
        results.put(str(error))


def test_a_connection_taken_before_the_fork_is_refused_after_it(bound: Engine) -> None:
    fork = multiprocessing.get_context("fork")
    results = fork.SimpleQueue()
    with tenant(A), bound.connect() as connection:
        connection.execute(ORGANIZATIONS)
        child = fork.Process(target=_use_in_child, args=(connection, results))
        child.start()
        child.join(20)
        assert "after a fork, open another one" in results.get()
        assert connection.scalar(select(func.count()).select_from(Courier)) == 5


def test_an_untenanted_lazy_load_is_refused(bound: Engine) -> None:
    with Session(bound) as session:
        with tenant(A):
            courier = session.scalars(select(Courier)).first()
            assert courier is not None
        with pytest.raises(TenantMissing):
            _ = courier.vehicle


def test_a_bound_engine_is_a_copy_on_the_same_pool(engine: Engine) -> None:
    bound = for_tenants(engine)
    with tenant(A), bound.connect() as connection:
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
        assert connection.scalars(ORGANIZATIONS).all() == [A]
    with engine.connect() as unbound:
        assert unbound.scalar(text("SELECT pg_backend_pid()")) == backend
    with tenant(A), engine.connect() as unbound, pytest.raises(exc.DataError, match="invalid input syntax"):
        unbound.execute(ORGANIZATIONS)  # nothing was set, and nothing is left of the other's
    with tenant(B), bound.connect() as connection:
        assert connection.scalars(ORGANIZATIONS).all() == [B]


def test_copies_may_differ_in_setting_and_type(couriers: Database) -> None:
    engine = create_engine(app_url(couriers, "psycopg"))
    numbers, shops = for_tenants(engine), for_tenants(engine, setting="app.shop", type=str)
    for own, expected in (("7", "7"), (7, "7"), ("abc", "abc")):
        with tenant(own), shops.connect() as connection:
            assert connection.scalar(text("SELECT current_setting('app.shop')")) == expected
    with tenant("7"), numbers.connect() as connection:
        assert connection.scalars(ORGANIZATIONS).all() == [A]
    with tenant("abc"), numbers.connect() as connection, pytest.raises(InvalidTenant, match="expected a whole number"):
        connection.execute(ORGANIZATIONS)
    engine.dispose()


def test_two_ways_to_write_an_id_are_one_tenant(bound: Engine) -> None:
    with tenant(A), bound.connect() as connection, Session(connection) as session:
        held = session.scalars(select(Courier)).all()
        with tenant(str(A)):
            assert connection.scalars(ORGANIZATIONS).all() == [A]
            session.commit()
            assert session.scalars(select(Courier)).all() == held
        with tenant(str(B)):
            with pytest.raises(TenantChanged, match="belongs to tenant '7', not to '8'"):
                connection.execute(ORGANIZATIONS)
            with pytest.raises(InvalidTenant), tenant("07"):
                connection.execute(ORGANIZATIONS)


def test_a_bound_factory_is_a_copy(couriers: Database) -> None:
    engine = create_engine(app_url(couriers, "psycopg"))
    factory = sessionmaker(engine, expire_on_commit=False, info={"of": "the app"})
    heard: list[Session] = []
    event.listen(factory, "after_begin", lambda session, *rest: heard.append(session))
    bound = for_tenants(factory)
    assert factory.kw["bind"] is engine
    with bound() as session:
        with pytest.raises(TenantMissing):
            session.scalars(ORGANIZATIONS)
        with tenant(B):
            courier = session.scalars(select(Courier)).first()
            session.commit()
        assert (session.info["of"], courier and courier.organization_id) == ("the app", B)
    assert set(heard) == {session}
    with factory() as plain:
        assert plain.scalar(text("SELECT 1")) == 1
    engine.dispose()


async def test_so_is_an_async_one(couriers: Database) -> None:
    engine = create_async_engine(app_url(couriers, "psycopg"))
    factory = async_sessionmaker(engine, expire_on_commit=False)
    bound = for_tenants(factory)
    async with bound() as session:
        with pytest.raises(TenantMissing):
            await session.scalars(ORGANIZATIONS)
        with tenant(B):
            courier = (await session.scalars(select(Courier))).first()
            await session.commit()
        assert courier is not None
        assert courier.organization_id == B
    async with factory() as plain:
        assert await plain.scalar(text("SELECT 1")) == 1
    await engine.dispose()


NO_NUMBERS = ["7; DROP TABLE couriers", "abc", " 7", "+7", "007", "1_0", "٧", "9" * 5000, 2**63, UUID(int=7)]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda value: str(value)[:20])
def test_an_id_of_another_type_is_refused_before_a_statement(bound: Engine, value: Any) -> None:
    texts = sent(bound)
    with tenant(value), bound.connect() as connection, pytest.raises(InvalidTenant, match="expected a whole number"):
        connection.execute(ORGANIZATIONS)
    assert texts == []


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63)])
def test_the_largest_numbers_are_taken(bound: Engine, value: int) -> None:
    with tenant(value), bound.connect() as connection:
        assert connection.scalar(text("SELECT current_setting('app.current_org_id')")) == str(value)
