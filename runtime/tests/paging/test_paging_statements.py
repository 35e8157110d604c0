"""What can be paged: entities, columns, joins, labels; and what is refused, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    create_engine,
    desc,
    event,
    false,
    func,
    literal,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    aliased,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
    with_loader_criteria,
)

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.paging import (
    NotPageable,
    Pager,
    Total,
    count_rows,
    suggest_index,
)
from pgwright_runtime.paging.keys import read_keys
from pgwright_runtime.paging.totals import TotalKind

SECRET = b"a secret of the test's own"
PAGER = Pager(secret=SECRET)


class Base(DeclarativeBase):
    pass


class Van(Base):
    __tablename__ = "vans"
    id: Mapped[int] = mapped_column(primary_key=True)
    plate: Mapped[str] = mapped_column(String(10), unique=True)


class Rider(Base):
    __tablename__ = "riders"
    __table_args__ = (
        UniqueConstraint("city", "number"),
        Index("one_boss", "name", unique=True, postgresql_where="boss"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    city: Mapped[str]
    number: Mapped[int]
    name: Mapped[str]
    boss: Mapped[bool] = mapped_column(default=False)
    van_id: Mapped[int | None] = mapped_column(ForeignKey("vans.id"))
    van: Mapped[Van | None] = relationship()
    trips: Mapped[list[Trip]] = relationship(order_by="Trip.id")


class Trip(Base):
    __tablename__ = "trips"
    id: Mapped[int] = mapped_column(primary_key=True)
    rider_id: Mapped[int] = mapped_column(ForeignKey("riders.id"))
    fare: Mapped[float | None]


class Note(Base):
    """A second reading of `trips`, as of a view that declares no key of its own."""

    __table__ = select(Trip.id.label("n"), Trip.fare).subquery("notes")
    __mapper_args__ = {"primary_key": [__table__.c.n]}


@pytest.fixture(scope="module")
def database_name(server: EmbeddedServer) -> Iterator[str]:
    server.create_database("paging_statements")
    engine = create_engine(server.url("paging_statements", "psycopg"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(Van(id=number, plate=f"V{number}") for number in range(3))
        session.flush()
        session.add_all(
            Rider(
                id=number,
                city="AB"[number % 2],
                number=number // 2,
                name=f"N{number % 4}",
                van_id=number % 5 if number % 5 < 3 else None,
                trips=[Trip(fare=fare) for fare in (1.5, None, 2.5)[: number % 4]],
            )
            for number in range(20)
        )
        session.commit()
        session.execute(text("ANALYZE"))
        session.commit()
    engine.dispose()
    yield "paging_statements"
    server.drop_database("paging_statements")


@pytest.fixture(scope="module")
def session(server: EmbeddedServer, database_name: str) -> Iterator[Session]:
    engine = create_engine(server.url(database_name, "psycopg"))
    with Session(engine) as session:
        yield session
    engine.dispose()


def read_all(session: Session, statement: Select[*tuple[Any, ...]], size: int = 3) -> list[Any]:
    """Read the pages of a statement, forward."""
    read, cursor = [], None
    while True:
        page = PAGER.page(session, statement, size=size, cursor=cursor)
        read += page.items
        cursor = page.next
        if cursor is None:
            return read


def completed(statement: Select[Any]) -> list[str]:
    """Return the sort keys that the paging adds."""
    return [str(key.expression) for key in read_keys(statement)[len(statement._order_by_clauses) :]]


R, V, T = Rider, Van, Trip
other = aliased(Rider)


@pytest.mark.parametrize(
    ("statement", "added"),
    [
        (select(R).order_by(R.name), ["riders.id"]),
        (select(R).order_by(R.name, R.id), []),
        (select(R).order_by(R.number, R.city.desc()), []),
        (select(R).order_by(R.number).where(R.city == "A"), []),
        (select(R).order_by(R.number).where((R.city == "A") | R.boss), ["riders.id"]),
        (select(R).order_by(func.lower(R.city), R.number), ["riders.id"]),
        # A van belongs to a rider by its key, so it makes no rows; trips do.
        (select(R).join(R.van).order_by(R.id), []),
        (select(R).outerjoin(R.van).order_by(V.plate), ["riders.id"]),
        (select(R).join(R.trips).order_by(R.id), ["trips.id"]),
        (select(R).outerjoin(R.trips).order_by(R.name), ["riders.id", "trips.id"]),
        (select(R).join(R.trips).order_by(T.id), []),
        (select(R).outerjoin(R.trips).order_by(T.id), ["riders.id"]),
        (select(R, V).join_from(R, V, true()).order_by(R.id), ["vans.id"]),
        (select(R, V).where(R.van_id == V.id).order_by(R.id), []),
        (select(R).join(V, V.id == R.van_id, full=True).order_by(R.id), ["vans.id"]),
        (select(R).options(joinedload(R.trips)).order_by(R.id), []),
        (select(R.name).order_by(R.name), ["riders.id"]),
        (select(other).order_by(other.number, other.city), []),
    ],
    ids=str,
)
def test_the_order_is_completed_where_rows_could_tie(
    session: Session, statement: Select[Any], added: list[str]
) -> None:
    assert completed(statement) == added
    keys = [key.clause() for key in read_keys(statement)]
    whole = session.execute(statement.order_by(None).order_by(*keys)).unique(lambda row: object()).all()
    if statement._with_options:
        return
    assert read_all(session, statement) == [row if len(row) > 1 else row[0] for row in whole]


def test_each_statement_has_the_aliases_of_its_own(session: Session) -> None:
    """To SQLAlchemy's cache, anonymous aliases of a table are the same, so nothing of the first may go on."""

    def one(rider: type[Rider]) -> Any:
        return select(rider.id).order_by(rider.name)

    def two(rider: type[Rider]) -> Any:
        return select(rider.id, V.id).join(V, V.id == rider.van_id).order_by(rider.name)

    for make in (one, two):
        expected = read_all(session, make(R))
        assert len(expected) == len(session.execute(make(R)).all())
        for _ in range(3):
            assert read_all(session, make(aliased(R))) == expected


def test_entities_keep_what_is_loaded_beside_them(session: Session) -> None:
    for load in (joinedload(R.trips), selectinload(R.trips)):
        session.expunge_all()
        statement = select(R).options(load, joinedload(R.van)).order_by(R.name.desc(), R.number)
        page = PAGER.page(session, statement, size=7)
        page = PAGER.page(session, statement, size=7, cursor=page.next)
        loaded = [rider.__dict__ for rider in page.items]
        assert [len(attributes["trips"]) for attributes in loaded] == [attributes["id"] % 4 for attributes in loaded]
        assert len(loaded) == 7


def test_rows_keep_their_names_and_lose_the_sort_values(session: Session) -> None:
    statement = select(R.id, func.upper(R.name).label("loud"), V).join(R.van).order_by(desc("loud"), R.id)
    page = PAGER.page(session, statement, size=4)
    row = PAGER.page(session, statement, size=4, cursor=page.next).items[0]
    assert row._fields == ("id", "loud", "Van")
    assert (row.loud, row.Van.id) == (f"N{row.id % 4}", row.id % 5)


@pytest.mark.parametrize("placed", [lambda c: c, lambda c: c.desc().nulls_last(), lambda c: c.asc().nulls_first()])
def test_the_optional_side_of_an_outer_join_may_be_null(session: Session, placed: Any) -> None:
    statement = select(R.id, V.plate).outerjoin(R.van).order_by(placed(V.plate), R.id)
    assert read_all(session, statement) == session.execute(statement).all()


def test_groups_are_paged_as_a_subquery(session: Session) -> None:
    groups = select(R.name, func.count().label("riders")).group_by(R.name).subquery()
    statement = select(groups).order_by(groups.c.riders.desc(), groups.c.name)
    with pytest.raises(NotPageable, match="unique=True"):
        PAGER.page(session, statement, size=2)
    page = PAGER.page(session, statement, size=2, unique=True)
    page = PAGER.page(session, statement, size=2, cursor=page.next, unique=True)
    assert page.items == [("N2", 5), ("N3", 5)]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (select(R), "no ORDER BY"),
        (select(R).order_by(R.id).limit(5), "LIMIT"),
        (select(R).order_by(R.id).offset(5), "LIMIT"),
        (select(R.name).distinct().order_by(R.name), "subquery"),
        (select(R.name).group_by(R.name).order_by(R.name), "subquery"),
        (select(R).order_by(text("name")), "text"),
        (select(R).order_by("nowhere"), "nowhere"),
        (union_all(select(R.id), select(V.id)).order_by("id"), "union"),
        (select(Note).order_by(Note.__table__.c.fare), "no key of notes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_order_is_refused(session: Session, statement: Any, reason: str) -> None:
    with pytest.raises(NotPageable, match=reason):
        PAGER.page(session, statement, size=5)


@pytest.mark.parametrize(
    "keys",
    [[T.fare.desc(), T.id], [R.name, T.id.desc()], [R.id], [R.id, T.id.desc()], [R.id, T.id.nulls_first()]],
    ids=lambda keys: ", ".join(map(str, keys)),
)
@pytest.mark.parametrize("place", range(19, 24))
def test_a_page_whose_rows_are_gone_leads_back(session: Session, keys: list[Any], place: int) -> None:
    """Also where the last key is NULL, as that of a rider without trips is."""
    statement = select(R.id, T.id).outerjoin(R.trips).order_by(*keys)
    first = PAGER.page(session, statement, size=place)
    gone = statement.where(false())
    page = PAGER.page(session, gone, size=place, cursor=first.next)
    assert (page.items, page.has_next, page.has_previous) == ([], False, True)
    back = PAGER.page(session, statement, size=place, cursor=page.previous)
    assert back.items == first.items
    empty = PAGER.page(session, gone, size=place, cursor=page.previous)
    again = PAGER.page(session, statement, size=place, cursor=empty.next)
    assert again.items == PAGER.page(session, statement, size=place, cursor=first.next).items


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_page_and_total_come_in_one_call(server: EmbeddedServer, database_name: str, driver: str) -> None:
    engine = create_async_engine(server.url(database_name, driver))
    sent: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *arguments: sent.append(arguments[2]))
    statement = select(R).join(R.trips).where(R.number >= literal(0)).order_by(R.name)
    totals = {}
    async with AsyncSession(engine) as session:
        asked: list[tuple[TotalKind, int]] = [("exact", 1), ("capped", 29), ("capped", 30), ("estimate", 1)]
        for kind, cap in asked:
            sent.clear()
            page = await Pager(secret=SECRET, total=kind, cap=cap).page(session, statement, size=2)
            totals[kind, cap] = (page.total, page.total_kind)
            assert len(sent) == 2
            counted: Total = await count_rows(session, statement.limit(3), kind, cap=cap)
            assert (counted.rows, counted.kind) == totals[kind, cap]
        plain = await PAGER.page(session, statement, size=2)
    await engine.dispose()
    assert totals == {
        ("exact", 1): (30, "exact"),
        ("capped", 29): (29, "capped"),
        ("capped", 30): (30, "exact"),
        ("estimate", 1): (30, "estimate"),
    }
    assert (plain.total, plain.total_kind) == (None, None)


@pytest.mark.parametrize("by_event", [False, True])
def test_a_total_counts_what_the_page_shows(session: Session, by_event: bool) -> None:
    """Criteria that the app adds to its statements, as for soft deletion, hold for the total, too."""
    only_a = with_loader_criteria(R, R.city == "A")
    statement = select(R).order_by(R.id).options(joinedload(R.trips))

    def add(state: ORMExecuteState) -> None:
        state.statement = state.statement.options(only_a)

    if by_event:
        event.listen(session, "do_orm_execute", add)
    else:
        statement = statement.options(only_a)
    kinds: list[TotalKind] = ["exact", "capped", "estimate"]
    totals = [count_rows(session, statement, kind) for kind in kinds]
    read = read_all(session, statement)
    if by_event:
        event.remove(session, "do_orm_execute", add)
    assert [total.rows for total in totals] == [10, 10, 10]
    assert len(read) == 10


@pytest.mark.parametrize("wrong", [{"total": "about"}, {"total": "capped", "cap": 0}])
def test_a_total_of_no_known_kind_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="total"):
        Pager(secret=SECRET, **wrong)


def test_a_total_without_a_page_has_a_kind(session: Session) -> None:
    with pytest.raises(ValueError, match="not None"):
        count_rows(session, select(R), None)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (select(R).order_by(R.name), "riders (name, id)"),
        (select(R).order_by(R.name.desc().nulls_last(), R.id.desc()), "riders (name DESC NULLS LAST, id DESC)"),
        (select(R).order_by(R.name.nulls_first()), "riders (name NULLS FIRST, id)"),
        (select(R).where(R.city == "A", R.number > 3).order_by(R.number), "riders (city, number)"),
        (select(R).where(R.city == "A").order_by(R.city, R.number), "riders (city, number)"),
        (select(R).order_by(func.lower(R.name), R.id), "riders (lower(name), id)"),
        (select(R).order_by(func.coalesce(R.van_id, 0) % 3, R.id), "riders ((coalesce(van_id, 0) % 3), id)"),
        (select(R).order_by(R.name.collate("C")), 'riders ((name COLLATE "C"), id)'),
        (select(R).join(R.trips).order_by(T.fare.desc(), R.name), "trips (fare DESC)"),
        (select(other).order_by(other.name), "riders (name, id)"),
    ],
    ids=lambda value: str(value)[-50:],
)
def test_the_index_of_a_page_is_suggested(session: Session, statement: Select[Any], index: str) -> None:
    suggested = suggest_index(statement)
    assert suggested == f"CREATE INDEX CONCURRENTLY ON {index}"
    session.execute(text(suggested.replace(" CONCURRENTLY", "")))
    session.rollback()


def test_no_index_is_suggested_for_an_order_over_two_tables() -> None:
    with pytest.raises(NotPageable, match="one table"):
        suggest_index(select(R).join(R.van).order_by(R.name + V.plate))
