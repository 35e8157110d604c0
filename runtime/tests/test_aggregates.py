"""Counts and sums by the server equal those made in Python from all rows."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import ForeignKey, create_engine, event, func
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pgwright_runtime.aggregates import (
    Summary,
    count_by,
    count_where,
    summary,
)
from tests.support.database import Database


class Base(DeclarativeBase):
    pass


class Firm(Base):
    __tablename__ = "firms"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Parcel(Base):
    __tablename__ = "parcels"
    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firms.id"))
    status: Mapped[str | None]
    grams: Mapped[int | None]


P = Parcel
ROWS = [(1, "open", 5), (1, "open", None), (1, "done", 7), (2, "done", 4), (2, None, None), (1, "Done", 1)]
CONDITIONS = {"done": func.lower(P.status) == "done", "heavy": P.grams > 4, "lost": P.status == "lost"}
BY_STATUS = {"open": 2, "done": 2, "Done": 1, None: 1}
GRAMS = {1: Summary(3, 13, Decimal("4.3333333333333333"), 1, 7), 2: Summary(1, 4, Decimal(4), 4, 4)}


def fill(database: Database) -> None:
    engine = create_engine(database.url("psycopg"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Firm(id=1, name="A"), Firm(id=2, name="B")])
        session.flush()
        session.add_all(Parcel(firm_id=firm, status=status, grams=grams) for firm, status, grams in ROWS)
        session.commit()
    engine.dispose()


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_each_answer_takes_one_statement(database: Database, driver: str) -> None:
    fill(database)
    engine = create_async_engine(database.url(driver))
    sent: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
    async with AsyncSession(engine) as session:
        assert await count_by(session, P.status) == BY_STATUS
        assert await count_by(session, func.coalesce(P.grams, 0) > 4, P.firm_id == 1) == {False: 2, True: 2}
        assert await count_where(session, CONDITIONS) == {"done": 3, "heavy": 2, "lost": 0}
        assert await count_where(session, CONDITIONS, P.firm_id == 2) == {"done": 1, "heavy": 0, "lost": 0}
        assert await summary(session, P.grams, P.firm_id) == GRAMS
        assert await summary(session, P.grams, P.status, P.status.is_(None)) == {
            None: Summary(0, None, None, None, None)
        }
    await engine.dispose()
    assert len(sent) == 6


def test_a_sync_session_gets_the_same(database: Database) -> None:
    fill(database)
    engine = create_engine(database.url("psycopg"))
    with Session(engine) as session:
        assert list(count_by(session, P.status)) == ["done", "open", "Done", None]
        assert count_by(session, Firm.name, P.firm_id == Firm.id) == {"A": 4, "B": 2}
        assert count_where(session, CONDITIONS) == {"done": 3, "heavy": 2, "lost": 0}
        assert summary(session, P.grams, P.firm_id) == GRAMS
        with pytest.raises(ValueError, match="at least one"):
            count_where(session, {})
    engine.dispose()
