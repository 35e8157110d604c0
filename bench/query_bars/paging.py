"""Page 1,000 against page 1 of a table of 1,000,000 rows: by keyset, and by OFFSET on the same data."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Select, Text, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pgwright.embedded import run_server
from pgwright_runtime import create_async_engine
from pgwright_runtime.paging import keyset_page, suggest_index
from query_bars.figures import Figure, at_most, in_turn, shown

ROWS = 1_000_000
SIZE = 50
DEEP_PAGE = 1_000
ROUNDS = 60
MOST = 1.5
SECRET = b"for measuring only"


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger, str: Text, datetime: DateTime(timezone=True)}


class Job(Base):
    __tablename__ = "jobs"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    due_at: Mapped[datetime | None]


# A fifth of the rows has no date; about ten share a name.
FILL = f"""
    INSERT INTO jobs (id, name, due_at)
    SELECT i, 'job ' || lpad((hashint8(i) & 131071)::text, 6, '0'),
           CASE WHEN i % 5 > 0 THEN timestamptz '2026-01-01' + make_interval(secs => hashint8(-i) & 8388607) END
    FROM generate_series(1, {ROWS}) AS i
"""


@dataclass(frozen=True)
class Order:
    name: str
    statement: Select[Job]


ORDERS = (
    Order("one direction", select(Job).order_by(Job.name, Job.id)),
    Order("mixed, among the values", select(Job).order_by(Job.due_at.desc().nulls_last(), Job.id)),
    Order("mixed, among the NULLs", select(Job).order_by(Job.due_at.asc().nulls_first(), Job.id.desc())),
)


async def measure(scale: float) -> AsyncIterator[Figure]:
    """Yield the ratios; the bar names the number of rows, so the scale changes nothing here."""
    with run_server() as server:
        engine = create_async_engine(server.url(), pool_size=1, max_overflow=0)
        try:
            await _fill(engine)
            for order in ORDERS:
                async for figure in _measure(engine, order):
                    yield figure
        finally:
            await engine.dispose()


async def _fill(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(text(FILL))
    # Those that the pages need. One serves both mixed orders: it is read forwards for one and backwards for the other.
    indexes = [suggest_index(order.statement) for order in ORDERS[:2]]
    async with engine.connect() as connection:
        committing = await connection.execution_options(isolation_level="AUTOCOMMIT")
        for command in (*indexes, "VACUUM (ANALYZE) jobs"):
            await committing.execute(text(command))


async def _measure(engine: AsyncEngine, order: Order) -> AsyncIterator[Figure]:
    cursor = await _walk(engine, order)

    async def keyset(cursor: str | None) -> None:
        async with AsyncSession(engine) as session:
            await keyset_page(session, order.statement, size=SIZE, cursor=cursor, secret=SECRET)

    async def offset(page: int) -> None:
        async with AsyncSession(engine) as session:
            (await session.scalars(order.statement.limit(SIZE).offset((page - 1) * SIZE))).all()

    variants = [lambda: keyset(None), lambda: keyset(cursor), lambda: offset(1), lambda: offset(DEEP_PAGE)]
    keyset_first, keyset_deep, offset_first, offset_deep = await in_turn(variants, ROUNDS)
    yield at_most(f"{order.name}: keyset, page 1,000 / page 1", keyset_deep / keyset_first, "", MOST)
    yield shown(f"{order.name}: OFFSET, page 1,000 / page 1", offset_deep / offset_first, "")
    yield shown(f"{order.name}: page 1,000, OFFSET / keyset", offset_deep / keyset_deep, "")
    yield shown(f"{order.name}: page 1, OFFSET / keyset", offset_first / keyset_first, "")
    yield shown(f"{order.name}: keyset, page 1,000", keyset_deep * 1e3, "ms")


async def _walk(engine: AsyncEngine, order: Order) -> str:
    """Return the cursor of page 1,000. Raises AssertionError: the pages before it do not hold the rows they should."""
    cursor: str | None = None
    ids: list[int] = []
    async with AsyncSession(engine) as session:
        for _ in range(DEEP_PAGE - 1):
            page = await keyset_page(session, order.statement, size=SIZE, cursor=cursor, secret=SECRET)
            ids += [job.id for job in page.items]
            cursor = page.next
            session.expunge_all()
        wanted = await session.scalars(order.statement.with_only_columns(Job.id).limit((DEEP_PAGE - 1) * SIZE))
        assert ids == list(wanted), order.name
    assert cursor is not None
    return cursor
