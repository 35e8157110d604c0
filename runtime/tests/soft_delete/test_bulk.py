"""`delete(Model)` through a session: the rows, their count, what is returned, and the objects that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Delete, Engine, create_engine, delete, func, inspect, select, text
from sqlalchemy.orm import Session, aliased

from pgwright_runtime import count_statements
from pgwright_runtime.soft_delete import DeletionRefused, hide_deleted, restore, show_deleted
from runtime.tests.support.soft_delete_library import (
    Badge,
    Base,
    Book,
    Box,
    Keeper,
    Note,
    Person,
    Reader,
    Shelf,
    fill,
    living,
)
from tests.support.database import Database


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = hide_deleted(create_engine(database.url("psycopg")))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        fill(session)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def rows(session: Session, statement: Delete) -> int:
    """Return how many rows it says that it deleted."""
    result: Any = session.execute(statement)
    return int(result.rowcount)


def test_rows_that_meet_a_condition_go_with_what_hangs_on_them(engine: Engine, session: Session) -> None:
    with count_statements(engine) as statements:
        assert rows(session, delete(Book).where(Book.number <= 2)) == 2
    assert not any(text.startswith("DELETE") for text in statements.texts)
    assert [text.split()[1] for text in statements.texts if text.startswith("UPDATE")] == ["books"] + 4 * ["notes"]
    assert living(session, Shelf, Book, Note) == {"Shelf": [1, 2], "Book": [("A", 3), ("A", 4)], "Note": [2]}
    assert restore(session, Book, ("A", 1)) == {"books": 1, "notes": 3}
    assert living(session, Book) == {"Book": [("A", 1), ("A", 3), ("A", 4)]}


@pytest.mark.parametrize("strategy", ["auto", "fetch", "evaluate"])
def test_the_objects_that_the_session_holds_are_deleted_ones(session: Session, strategy: str) -> None:
    book, note, other = session.get_one(Book, ("A", 1)), session.get_one(Note, 4), session.get_one(Book, ("A", 3))
    session.expire(book)
    statement = delete(Book).where(Book.number == 1)
    session.execute(statement, execution_options={"synchronize_session": strategy})
    assert inspect(book).deleted
    assert inspect(note).deleted
    assert inspect(other).persistent
    session.rollback()
    assert inspect(book).persistent
    assert inspect(note).persistent


def test_the_session_is_left_alone_where_the_statement_says_so(session: Session) -> None:
    book = session.get_one(Book, ("A", 1))
    session.execute(delete(Book).where(Book.number == 1).execution_options(synchronize_session=False))
    assert inspect(book).persistent
    assert living(session, Book) == {"Book": [("A", 2), ("A", 3), ("A", 4)]}


def test_what_is_to_be_returned_is_returned(session: Session) -> None:
    found = session.execute(delete(Book).where(Book.number <= 2).returning(Book.number, Book.series)).all()
    assert sorted(found) == [(1, "A"), (2, "A")]
    book = session.scalars(delete(Book).where(Book.number == 3).returning(Book)).one()
    assert (book.series, book.number) == ("A", 3)
    assert inspect(book).deleted


def test_conditions_on_other_tables_and_aliases(session: Session) -> None:
    session.execute(delete(Note).where(Note.reader_id == Reader.id, Reader.id == 2))
    assert living(session, Note) == {"Note": [1, 2]}
    session.execute(delete(Book).where(Book.number.in_(select(Note.number)), Book.shelf.has(Shelf.id == 1)))
    assert living(session, Book, Note) == {"Book": [("A", 2), ("A", 3), ("A", 4)], "Note": [2]}
    other = aliased(Book)
    session.execute(delete(other).where(other.number == 4))
    named = select(Book.number).where(Book.number < 3).cte("named")
    session.execute(delete(Book).where(Book.number.in_(select(named.c.number))))
    assert living(session, Book) == {"Book": [("A", 3)]}


def test_the_legacy_query_too(session: Session) -> None:
    assert session.query(Book).filter(Book.number > 2).delete() == 2
    assert living(session, Book, Note) == {"Book": [("A", 1), ("A", 2)], "Note": [1, 3, 4]}


def test_a_class_below_another_by_inheritance(session: Session) -> None:
    session.add_all([Keeper(id=1, rank=1), Keeper(id=3, rank=3), Person(id=9)])
    session.flush()
    session.add(Keeper(id=2, rank=2, trainer_id=1))
    session.flush()
    session.add(Badge(id=1, keeper_id=2))
    session.commit()
    assert rows(session, delete(Keeper).where(Keeper.rank == 1)) == 1
    assert living(session, Person, Badge) == {"Person": [3, 9], "Badge": []}
    session.execute(delete(Person).where(Person.id == 9))
    assert living(session, Person) == {"Person": [3]}


def test_what_is_refused_leaves_nothing_half_done(session: Session) -> None:
    session.add(Box(id=7, shelf_id=2))
    session.commit()
    with pytest.raises(DeletionRefused, match=r"boxes\.shelf_id of row 7"):
        session.execute(delete(Shelf))
    session.commit()
    assert living(session, Shelf, Note) == {"Shelf": [1, 2], "Note": [1, 2, 3, 4]}


def test_what_the_session_has_not_flushed_is_found(session: Session) -> None:
    session.add(Book(series="B", number=9, shelf_id=1))
    session.execute(delete(Book).where(Book.series == "B"))
    session.commit()
    assert session.scalar(select(func.count()).select_from(Book).where(Book.series == "B")) == 0


def test_rows_go_for_good_where_the_statement_says_so(session: Session) -> None:
    session.execute(delete(Book).where(Book.number == 1).execution_options(delete_for_good=True))
    session.execute(delete(Book).where(Book.number == 2), execution_options={"delete_for_good": True})
    session.execute(delete(Book).where(Book.number == 3))
    everything = select(Book.number).options(show_deleted())
    assert sorted(session.scalars(everything)) == [3, 4]
    session.execute(
        delete(Book).where(Book.deleted_at < func.now()).options(show_deleted()).execution_options(delete_for_good=True)
    )
    assert sorted(session.scalars(everything)) == [3, 4]  # now() is when the transaction began
    session.execute(
        delete(Book).where(Book.deleted_at.is_not(None)).options(show_deleted()).execution_options(delete_for_good=True)
    )
    assert sorted(session.scalars(everything)) == [4]


def test_parameters_of_the_statement_are_kept(session: Session) -> None:
    session.execute(delete(Book).where(text("number = :number")), {"number": 4})
    assert living(session, Book) == {"Book": [("A", 1), ("A", 2), ("A", 3)]}


def test_rows_of_tables_without_a_mark_are_deleted_as_ever(session: Session) -> None:
    session.add(Box(id=7, shelf_id=2))
    session.commit()
    assert rows(session, delete(Box)) == 1
    assert session.connection().scalar(text("SELECT count(*) FROM boxes")) == 0


def test_a_table_without_a_class_is_deleted_from_for_good(session: Session) -> None:
    notes: Any = Note.__table__
    session.execute(delete(notes).where(Note.id == 4))
    assert session.scalar(select(func.count()).select_from(Note).options(show_deleted())) == 3
