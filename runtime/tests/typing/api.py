"""What type checkers make of the public API; mypy reads it, nobody runs it.

It holds on SQLAlchemy 2.0 and 2.1, where `Select` and `Row` are spelled differently: `make check` has one of them, and
`make test-oldest` the other.
"""

from __future__ import annotations

import asyncio
from typing import Any, assert_type

from sqlalchemy import Engine, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_scoped_session
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column, scoped_session

from pgwright_runtime import StatementCount, Timeouts, count_statements, create_async_engine, create_engine
from pgwright_runtime.aggregates import Summary, count_by, count_where, summary
from pgwright_runtime.migrations import LOCK_WAIT, create_index, patient_session, run, run_long
from pgwright_runtime.paging import Page, Pager, Total, TotalKind, count_rows, suggest_index
from pgwright_runtime.paging.fastapi import PageParams
from pgwright_runtime.pools import LeakFinder, PoolBudget, PoolMetrics, ServerLimits, read_server_limits


class Base(DeclarativeBase):
    pass


class C(Base):
    __tablename__ = "couriers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    city: Mapped[str | None]


pager = Pager(secret="a secret of the tests", default_size=20, max_size=100, total="capped", cap=1_000)
Pager(secret=b"a secret of the tests")
Pager(secret=["a secret of the tests", "an older one of them"])
Pager(secret=("a secret of the tests", b"an older one of them"))
assert_type(pager.replace(total=None, max_size=50), Pager)
engine = create_engine("postgresql://", echo=True, timeouts=Timeouts(statement_ms=None, pool_s=0.5))
async_engine = create_async_engine("postgresql://", budget=PoolBudget(100, on_excess="warn"))
assert_type(engine, Engine)
assert_type(async_engine, AsyncEngine)


def upgrade() -> None:
    with patient_session():
        run("ALTER TABLE couriers ADD COLUMN city text", wait=LOCK_WAIT, tries=3)
        run_long("VACUUM couriers")
        create_index("public.ix", "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON public.couriers (city)")


def sync(session: Session, scoped: scoped_session[Session], params: PageParams) -> None:
    page = pager.page(session, select(C).where(C.id > 1).order_by(C.name))
    assert_type(page, Page[C])
    assert_type(page.items[0].name, str)
    assert_type(page.next, str | None)
    assert_type(page.total_kind, TotalKind | None)
    assert_type(page.map(lambda courier: courier.id), Page[int])
    assert_type(pager.page(scoped, select(C)), Page[C])
    assert_type(pager.page(session, select(aliased(C))), Page[C])
    assert_type(pager.page(session, select(C.id)), Page[int])
    assert_type(pager.page(session, select(C.city)), Page[str | None])
    assert_type(pager.page(session, select(func.count())), Page[int])
    assert_type(pager.page(session, select(C), size=3, cursor=None, unique=True), Page[C])
    assert_type(pager.page(session, select(C), **params), Page[C])

    # Rows: their values by name, of any type, and by place as the columns are typed.
    row = pager.page(session, select(C.id, C.name)).items[0]
    assert_type(row.t, tuple[int, str])
    assert_type(row.name, Any)
    assert_type(pager.page(session, select(C, func.count())).items[0].t, tuple[C, int])
    assert_type(pager.page(session, select(C.id, C.name, C.city)).items[0].t, tuple[int, str, str | None])

    assert_type(count_rows(session, select(C)), Total)
    assert_type(count_rows(session, select(C.id, C.name), "capped", cap=9), Total)
    assert_type(suggest_index(select(C.id, C.name).order_by(C.id)), str)
    assert_type(count_by(session, C.city), dict[str | None, int])
    assert_type(count_by(session, C.city, C.id > 1, C.name != ""), dict[str | None, int])
    assert_type(count_by(session, C.name + "!"), dict[str, int])
    assert_type(count_where(session, {"many": C.id > 1}), dict[str, int])
    assert_type(summary(session, C.id, C.name), dict[str, Summary[int]])
    assert_type(summary(session, C.id, C.name)["x"].max, int | None)


async def asynchronous(session: AsyncSession, scoped: async_scoped_session[AsyncSession], params: PageParams) -> None:
    assert_type(await pager.page(session, select(C).order_by(C.name)), Page[C])
    assert_type(await pager.page(scoped, select(C)), Page[C])
    assert_type(await pager.page(session, select(C.city)), Page[str | None])
    assert_type(await pager.page(session, select(C), **params), Page[C])
    row = (await pager.page(session, select(C.id, C.name))).items[0]
    assert_type(row.t, tuple[int, str])
    assert_type(row.name, Any)
    both = await asyncio.gather(pager.page(session, select(C)), count_rows(session, select(C)))
    assert_type(both, tuple[Page[C], Total])
    assert_type(await asyncio.create_task(pager.page(session, select(C.id))), Page[int])

    assert_type(await count_rows(session, select(C.id, C.name), "estimate"), Total)
    assert_type(await count_by(session, C.city), dict[str | None, int])
    assert_type(await count_where(session, {"many": C.id > 1}), dict[str, int])
    assert_type(await summary(session, C.id, C.name), dict[str, Summary[int]])


async def engines() -> None:
    assert_type(read_server_limits(engine), ServerLimits)
    assert_type(await read_server_limits(async_engine), ServerLimits)
    assert_type(PoolBudget(**read_server_limits(engine), processes=4).limit, int)
    for one in (engine, async_engine):
        LeakFinder(one)
        PoolMetrics(one)
        with count_statements(one) as statements:
            assert_type(statements, StatementCount)


def mistakes(session: Session) -> None:
    # With `warn_unused_ignores`, a line that is no error any more fails.
    Pager()  # type: ignore[call-arg]
    pager.replace(sise=3)  # type: ignore[call-arg]
    pager.max_size = 3  # type: ignore[misc]
    pager.page(session, select(C), sise=3)  # type: ignore[call-overload]
    pager.page(session, "SELECT 1")  # type: ignore[call-overload]
    count_by("session", C.city)  # type: ignore[call-overload]
    create_engine("postgresql://", pooler="statement")  # type: ignore[arg-type]
