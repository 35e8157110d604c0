"""Deleted rows are hidden from each kind of statement, and shown by the option; on the real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    ForeignKey,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import ArgumentError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    contains_eager,
    immediateload,
    joinedload,
    lazyload,
    mapped_column,
    relationship,
    selectinload,
    sessionmaker,
    subqueryload,
)
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from pgwright_runtime.guard import QueryGuard
from pgwright_runtime.soft_delete import SoftDelete, hide_deleted, show_deleted, soft_deletable
from pgwright_runtime.tenancy import for_tenants, tenant
from tests.support.database import Database

GONE = datetime(2026, 1, 1, tzinfo=UTC)


class Base(DeclarativeBase):
    pass


pinned = soft_deletable(
    Table(
        "pinned",
        Base.metadata,
        Column("board_id", ForeignKey("boards.id"), primary_key=True),
        Column("card_id", ForeignKey("cards.id"), primary_key=True),
        Column("deleted_at", DateTime(timezone=True)),
    )
)


class Board(SoftDelete, Base):
    __tablename__ = "boards"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    cards: Mapped[list[Card]] = relationship(back_populates="board", order_by="Card.id")
    pinned: Mapped[list[Card]] = relationship(secondary=pinned, order_by="Card.id")


class Card(SoftDelete, Base):
    __tablename__ = "cards"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    board_id: Mapped[int] = mapped_column(ForeignKey("boards.id"))
    board: Mapped[Board] = relationship(back_populates="cards")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "card"}


class Task(Card):
    __tablename__ = "tasks"
    id: Mapped[int] = mapped_column(ForeignKey("cards.id"), primary_key=True)
    hours: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "task"}


boards: Any = Board.__table__
cards: Any = Card.__table__
tasks: Any = Task.__table__


def changed(session: Session, statement: Any) -> int:
    """Return how many rows a statement changes."""
    result: Any = session.execute(statement)
    return int(result.rowcount)


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    """Two boards, the second one deleted, with three cards each, of which the second one is deleted."""
    engine = create_engine(database.url("psycopg"))
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        own = [{"id": 1, "name": "here", "deleted_at": None}, {"id": 2, "name": "gone", "deleted_at": GONE}]
        connection.execute(insert(boards), own)
        both = [
            {"id": 10 * board + card, "kind": "task", "board_id": board, "deleted_at": GONE if card == 2 else None}
            for board in (1, 2)
            for card in (1, 2, 3)
        ]
        connection.execute(insert(cards), both)
        connection.execute(insert(tasks), [{"id": card["id"], "hours": card["id"]} for card in both])
        pins = [{"board_id": 1, "card_id": number, "deleted_at": None} for number in (11, 12, 23)]
        connection.execute(insert(pinned), [*pins, {"board_id": 1, "card_id": 13, "deleted_at": GONE}])
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(hide_deleted(engine)) as session:
        yield session


def sent(engine: Engine) -> list[str]:
    """Collect what reaches the driver from now on."""
    texts: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda c, cursor, sql, *rest: texts.append(" ".join(sql.split())))
    return texts


def test_the_engine_that_was_given_stays_as_it_is(engine: Engine) -> None:
    hidden = hide_deleted(engine)
    assert hidden.pool is engine.pool
    for reading, count in ((engine, 6), (hidden, 4), (engine, 6), (hidden, 4)):
        with reading.connect() as connection:
            assert connection.scalar(select(func.count()).select_from(cards)) == count


def test_a_statement_is_compiled_once(engine: Engine) -> None:
    hidden = hide_deleted(engine)
    with Session(hidden) as session:
        for number in range(5):
            session.scalars(select(Card).where(Card.id == number)).all()
    keys = [key for key in hidden._compiled_cache or () if key[0] is hidden.dialect]
    assert len(keys) == 1


@pytest.mark.parametrize("load", [joinedload, selectinload, subqueryload, immediateload, lazyload])
def test_eager_and_lazy_loads(session: Session, load: Callable[..., Any]) -> None:
    board = session.scalars(select(Board).options(load(Board.cards), load(Board.pinned))).unique().one()
    assert [card.id for card in board.cards] == [11, 13]
    assert [card.id for card in board.pinned] == [11, 23]


def test_contains_eager(session: Session) -> None:
    statement = select(Board).outerjoin(Board.cards).options(contains_eager(Board.cards))
    assert [card.id for card in session.scalars(statement).unique().one().cards] == [11, 13]


def test_a_living_row_that_refers_to_a_deleted_one_stays(session: Session) -> None:
    card = session.get_one(Card, 21, options=[joinedload(Card.board)])
    assert not card.board
    assert session.get_one(Card, 23).board is None


def test_the_row_of_the_class_above_hides_that_of_the_class_below(session: Session) -> None:
    assert session.scalars(select(Task.id).order_by(Task.id)).all() == [11, 13, 21, 23]
    assert session.scalars(select(tasks.c.id).order_by(tasks.c.id)).all() == [11, 13, 21, 23]
    assert changed(session, update(Task).values(hours=0)) == 4


def test_the_join_of_an_inherited_class_needs_no_second_look(engine: Engine) -> None:
    texts = sent(engine)
    with Session(hide_deleted(engine)) as session:
        session.scalars(select(Task)).all()
        session.scalars(select(aliased(Task, flat=True))).all()
    assert len(texts) == 2
    assert not any("EXISTS" in sql for sql in texts)


def test_a_full_join_keeps_its_null_rows(session: Session) -> None:
    both = boards.outerjoin(tasks, boards.c.id == tasks.c.id, full=True)
    found = session.execute(select(boards.c.id, tasks.c.id).select_from(both)).all()
    assert {tuple(row) for row in found} == {(1, None), (None, 11), (None, 13), (None, 21), (None, 23)}


def test_get_and_refresh_find_a_deleted_row_gone(engine: Engine, session: Session) -> None:
    card = session.get_one(Card, 11)
    assert session.get(Card, 12) is None
    with engine.begin() as other:
        other.execute(update(cards).where(Card.id == 11).values(deleted_at=GONE))
    with pytest.raises(InvalidRequestError, match="Could not refresh"):
        session.refresh(card)
    session.expire(card)
    with pytest.raises(ObjectDeletedError):
        _ = card.kind


def test_a_change_of_a_row_that_was_deleted_meanwhile_finds_it_gone(engine: Engine, session: Session) -> None:
    board = session.get_one(Board, 1)
    with engine.begin() as other:
        other.execute(update(boards).values(deleted_at=GONE))
    board.name = "there"
    with pytest.raises(StaleDataError):
        session.flush()


def test_bulk_changes_leave_deleted_rows_alone(engine: Engine, session: Session) -> None:
    assert session.execute(update(Board).values(name="new").returning(Board.id)).all() == [(1,)]
    assert changed(session, delete(pinned).where(pinned.c.card_id == Card.id)) == 2
    session.commit()
    with engine.connect() as connection:
        assert connection.scalars(select(Board.name).order_by(Board.id)).all() == ["new", "gone"]
        assert connection.scalars(select(pinned.c.card_id).order_by(pinned.c.card_id)).all() == [12, 13]


def test_the_option_shows_all_or_the_named_classes(session: Session) -> None:
    joined = select(Card.id).join(Card.board).order_by(Card.id)
    assert session.scalars(joined).all() == [11, 13]
    assert session.scalars(joined.options(show_deleted(Card))).all() == [11, 12, 13]
    assert session.scalars(joined.options(show_deleted(Board))).all() == [11, 13, 21, 23]
    assert session.scalars(joined.options(show_deleted(Board, Task))).all() == [11, 12, 13, 21, 22, 23]
    assert session.scalars(joined.options(show_deleted())).all() == [11, 12, 13, 21, 22, 23]
    assert session.scalars(joined).all() == [11, 13]


def test_the_option_stays_with_the_objects_that_it_loads(session: Session) -> None:
    board = session.scalars(select(Board).where(Board.id == 2).options(show_deleted())).one()
    session.expire(board, ["name"])
    assert board.name == "gone"
    assert [card.id for card in board.cards] == [21, 22, 23]


@pytest.mark.parametrize("load", [joinedload, selectinload, subqueryload, immediateload])
def test_the_option_is_on_for_eager_loads(session: Session, load: Callable[..., Any]) -> None:
    statement = select(Board).where(Board.id == 2).options(show_deleted(), load(Board.cards))
    assert [card.id for card in session.scalars(statement).unique().one().cards] == [21, 22, 23]


def test_a_deleted_object_that_is_shown_cannot_be_changed(session: Session) -> None:
    session.get_one(Board, 2, options=[show_deleted()]).name = "new"
    with pytest.raises(StaleDataError):
        session.flush()


def test_the_option_of_a_subquery_shows_there_alone(session: Session) -> None:
    total = select(func.count(Card.id)).where(Card.board_id == Board.id).options(show_deleted()).scalar_subquery()
    assert session.execute(select(Board.id, total)).all() == [(1, 3)]


def test_the_option_of_get_and_of_changes(session: Session) -> None:
    assert session.get_one(Card, 12, options=[show_deleted()]).id == 12
    assert changed(session, update(Board).values(name="x").options(show_deleted())) == 2
    assert changed(session, delete(pinned).options(show_deleted())) == 4


def test_the_option_names_classes_that_have_deleted_rows() -> None:
    class Plain(Base):
        __tablename__ = "plain"
        id: Mapped[int] = mapped_column(primary_key=True)

    with pytest.raises(ArgumentError, match="lacks the mixin SoftDelete"):
        show_deleted(Plain)


def test_an_or_of_text_does_not_reach_past_the_criterion(session: Session) -> None:
    assert session.scalars(select(Board.id).where(text("1 = 0 OR 1 = 1"))).all() == [1]
    joined = select(Board.id, Card.id).outerjoin(Card, text("1 = 0 OR 1 = 1")).order_by(Card.id)
    assert [card for _, card in session.execute(joined)] == [11, 13, 21, 23]


def test_what_is_written_as_text_is_sent_as_it_is(session: Session) -> None:
    assert session.scalar(text("SELECT count(*) FROM cards")) == 6


def test_statements_are_printed_with_the_criterion(engine: Engine) -> None:
    statement = select(Board.id).where(Board.name == "here")
    printed = str(statement.compile(hide_deleted(engine), compile_kwargs={"literal_binds": True}))
    assert " ".join(printed.split()).endswith("WHERE (boards.name = 'here') AND boards.deleted_at IS NULL")
    assert "IS NULL" not in str(statement.compile(engine))


def test_many_rows_are_inserted_and_changed_at_once(session: Session) -> None:
    session.add_all(Board(id=number, name=str(number)) for number in range(3, 6))
    session.flush()
    session.execute(update(Board), [{"id": 1, "name": "one"}])
    with pytest.raises(StaleDataError):
        session.execute(update(Board), [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}])


@pytest.mark.parametrize("kind", [sessionmaker, async_sessionmaker])
def test_a_session_factory_is_copied(database: Database, kind: Any) -> None:
    url = database.url("psycopg")
    engine = create_engine(url) if kind is sessionmaker else create_async_engine(url)
    factory = kind(engine, expire_on_commit=False)
    hidden = hide_deleted(factory)
    assert hidden.kw["expire_on_commit"] is False
    assert hidden.kw["bind"].pool is engine.pool
    assert factory.kw["bind"] is engine


def test_what_cannot_hide_rows_is_refused(engine: Engine) -> None:
    hidden = hide_deleted(engine)
    with pytest.raises(ValueError, match="already"):
        hide_deleted(hidden)
    with pytest.raises(ValueError, match="not None"):
        hide_deleted(None)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="bind=engine"):
        hide_deleted(sessionmaker())


@pytest.fixture(params=["asyncpg", "psycopg"])
async def async_engine(engine: Engine, request: pytest.FixtureRequest) -> AsyncIterator[AsyncEngine]:
    made = create_async_engine(engine.url.set(drivername=f"postgresql+{request.param}"))
    yield made
    await made.dispose()


async def test_async_sessions(async_engine: AsyncEngine) -> None:
    async with AsyncSession(hide_deleted(async_engine)) as session:
        board = (await session.scalars(select(Board).options(selectinload(Board.cards)))).one()
        assert [card.id for card in board.cards] == [11, 13]
        session.add(Board(id=3, name="new"))
        await session.commit()
        assert await session.run_sync(changed, delete(pinned)) == 3


@pytest.mark.parametrize("is_hidden_first", [False, True])
def test_tenants_are_bound_in_either_order(engine: Engine, is_hidden_first: bool) -> None:
    bound = for_tenants(hide_deleted(engine)) if is_hidden_first else hide_deleted(for_tenants(engine))
    with tenant(7), Session(bound) as session:
        assert session.scalars(select(Board.id)).all() == [1]
        assert session.scalar(text("SELECT current_setting('app.current_org_id', true)")) == "7"


@pytest.mark.parametrize("is_hidden_first", [False, True])
def test_the_guard_sees_the_statements_of_either_engine(engine: Engine, is_hidden_first: bool) -> None:
    hidden = hide_deleted(engine)
    guard = QueryGuard(hidden if is_hidden_first else engine)
    with guard.unit("boards") as unit, Session(hidden) as session:
        session.scalars(select(Board)).all()
    assert unit.count == 1
