"""Odd statements: paged as a full sort has them, or refused with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import (
    ForeignKey,
    Select,
    create_engine,
    event,
    exists,
    func,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    composite,
    contains_eager,
    joinedload,
    mapped_column,
    relationship,
)
from sqlalchemy.sql import elements

from pgwright_runtime.paging import InvalidCursor, NotPageable, Pager
from tests.support.database import Database

SECRET = b"a secret of the test's own"
PAGER = Pager(secret=SECRET)


class Base(DeclarativeBase):
    pass


@dataclass
class Sign:
    name: str


@dataclass
class Place:
    name: str
    id: int


class Shop(Base):
    __tablename__ = "shops"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    sales: Mapped[list[Sale]] = relationship(order_by="Sale.id")
    sign: Mapped[Sign] = composite("name")
    place: Mapped[Place] = composite("name", "id")


class Sale(Base):
    __tablename__ = "sales"
    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"))
    price: Mapped[float | None]


S, A = Shop, Sale
groups = select(S.name, func.count().label("shops")).group_by(S.name).subquery()
numbers = union_all(select(S.id), select(A.id)).subquery()
dearest = select(func.max(A.price)).where(A.shop_id == S.id).correlate(S).scalar_subquery()
third = (S.id % 3).label("third")


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    engine = create_engine(database.url("psycopg"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for number in range(12):
            sales = [Sale(price=price) for price in (1.5, None, 2.5)[: number % 4]]
            session.add(Shop(id=number, name="abc"[number % 3], sales=sales))
        session.flush()
        yield session
    engine.dispose()


def read_all(session: Session, statement: Select[*tuple[Any, ...]], *, unique: bool = False) -> list[Any]:
    read, cursor = [], None
    while True:
        page = PAGER.page(session, statement, size=3, cursor=cursor, unique=unique)
        read += page.items
        if (cursor := page.next) is None:
            return read


@pytest.mark.parametrize(
    "statement",
    [
        select(S.id, third).order_by(third.desc()),
        select(S.id).order_by(dearest.desc().nulls_last()),
        select(S.id).order_by(exists().where(A.shop_id == S.id)),
        select(S).order_by(S.name.desc()).with_for_update(of=S),
        select(S.id, A.id).outerjoin(S.sales).order_by(A.price.desc(), S.id, A.id),
        select(S.id.label("pgwright_sort_values")).order_by(S.name),
    ],
    ids=["label", "subquery", "exists", "for update", "outer join", "a name of ours"],
)
def test_an_odd_order_is_that_of_a_full_sort(session: Session, statement: Select[*tuple[Any, ...]]) -> None:
    whole = session.execute(statement.order_by(S.id)).all()
    assert read_all(session, statement) == [row if len(row) > 1 else row[0] for row in whole]


@pytest.mark.skipif(not hasattr(elements, "OrderByList"), reason="SQLAlchemy 2.0 turns no composite round")
def test_a_composite_is_placed_as_its_only_column_is_or_refused(session: Session) -> None:
    for statement in (select(S).order_by(S.sign.desc()), select(S).order_by(S.sign.desc().nulls_last())):
        assert read_all(session, statement) == session.scalars(statement.order_by(S.id)).all()
    for placed in (S.place.desc(), S.place.nulls_first()):
        with pytest.raises(NotPageable, match="order by its columns"):
            PAGER.page(session, select(S).order_by(placed), size=3)
    in_order = select(S).order_by(S.place)
    assert read_all(session, in_order) == session.scalars(in_order).all()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (select(S.id).order_by(A.price), "names sales, which the statement does not read from; join it"),
        (select(S.id).order_by(groups.c.shops), "names a subquery, which the statement does not read from; join it"),
        (select(func.count()).select_from(S).order_by(func.count()), "as a subquery"),
        (select(S.id, func.row_number().over(order_by=S.name).label("n")).order_by("n"), "as a subquery"),
        (select(S.id).order_by(func.random()), "store it in a column"),
        (select(S.id).order_by(null()), "leave it out"),
        (select(S).join(S.sales).options(contains_eager(S.sales)).order_by(S.name), r"selectinload\(Shop.sales\)"),
        (select(S.id).order_by(S.id).fetch(3), "FETCH"),
        (select(numbers).order_by(numbers.c.id), "no key of a subquery is known"),
    ],
    ids=[
        "no join",
        "no join of a subquery",
        "aggregate",
        "window",
        "random",
        "NULL",
        "contains_eager",
        "FETCH",
        "union",
    ],
)
def test_what_cannot_be_paged_is_refused_before_it_runs(
    session: Session, statement: Select[*tuple[Any, ...]], reason: str
) -> None:
    with pytest.raises(NotPageable, match=reason):
        PAGER.page(session, statement, size=3)
    assert session.scalar(select(func.count()).select_from(S)) == 12


@pytest.mark.parametrize(
    "statement",
    [
        select(groups).order_by(groups.c.shops),
        select(numbers).order_by(numbers.c.id),
        select(S).order_by(S.name),
        select(S).options(joinedload(S.sales)).order_by(S.name),
    ],
    ids=["groups", "union", "entities", "joined load"],
)
def test_an_order_that_is_falsely_called_unique_loses_no_row(
    session: Session, statement: Select[*tuple[Any, ...]]
) -> None:
    with pytest.raises(NotPageable, match="same sort values"):
        read_all(session, statement, unique=True)


def test_a_cursor_of_another_statement_is_refused(session: Session) -> None:
    by_name = select(S.id).order_by(S.name)
    token = PAGER.page(session, by_name, size=3).next
    others: list[Any] = [
        by_name.order_by(None).order_by(S.name.desc()),
        by_name.order_by(None).order_by(S.name.nulls_first()),
        by_name.order_by(None).order_by(func.lower(S.name)),
        by_name.order_by(None).order_by(S.id),
        select(A.id).order_by(A.price),
        select(S.id, A.id).join(S.sales).order_by(S.name),
    ]
    for statement in others:
        with pytest.raises(InvalidCursor, match="another order"):
            PAGER.page(session, statement, size=3, cursor=token)
    with pytest.raises(InvalidCursor, match="too long"):
        PAGER.page(session, by_name, size=3, cursor="A" * 2**20)


def test_a_total_locks_nothing(session: Session) -> None:
    sent: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
    page = Pager(secret=SECRET, total="exact").page(session, select(S).order_by(S.id).with_for_update(), size=3)
    assert page.total == 12
    assert ["FOR UPDATE" in statement for statement in sent] == [True, False]
