"""`restore` brings back what went together, and nothing else, or says why not and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, delete, event, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from pgwright_runtime import count_statements
from pgwright_runtime.soft_delete import KeyTaken, NotDeleted, ParentDeleted, hide_deleted, restore, show_deleted
from runtime.tests.support.soft_delete_library import Base, Book, Label, Note, Reader, Shelf, fill, living, loans
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


def test_what_was_deleted_before_stays_deleted(session: Session) -> None:
    session.delete(session.get_one(Note, 4))
    session.commit()
    before = living(session, Shelf, Book, Note)
    session.delete(session.get_one(Shelf, 1))
    session.commit()
    assert restore(session, Shelf, 1) == {"shelves": 1, "books": 2, "notes": 2, "loans": 2}
    session.commit()
    assert living(session, Shelf, Book, Note) == before
    assert restore(session, Note, 4) == {"notes": 1}


def test_of_rows_that_one_statement_deleted_each_comes_back_alone(session: Session) -> None:
    session.execute(delete(Book))
    session.commit()
    assert restore(session, Book, ("A", 3)) == {"books": 1, "notes": 1}
    assert living(session, Book, Note) == {"Book": [("A", 3)], "Note": [2]}
    assert restore(session, Book, ["A", 1]) == {"books": 1, "notes": 3}


def test_what_hangs_on_two_roots_of_a_deletion_brings_both_back(session: Session) -> None:
    session.execute(delete(Reader))  # note 3 is of reader 2, and answers note 1 of reader 1
    session.commit()
    assert restore(session, Reader, 1) == {"readers": 2, "notes": 4, "loans": 2}


def test_an_object_is_restored_by_its_key(session: Session) -> None:
    shelf = session.get_one(Shelf, 1)
    session.delete(shelf)
    session.commit()
    assert restore(session, shelf)["shelves"] == 1
    session.commit()
    assert session.get_one(Shelf, 1) is not shelf


def test_a_restoration_in_the_transaction_of_the_deletion(session: Session) -> None:
    shelf = session.get_one(Shelf, 1)
    session.delete(shelf)
    session.flush()
    assert restore(session, shelf)["shelves"] == 1
    again = session.get_one(Shelf, 1)
    session.rollback()
    assert session.get_one(Shelf, 1) in (shelf, again)
    assert living(session, Shelf) == {"Shelf": [1, 2]}


def test_objects_of_the_bin_are_told_that_they_live(session: Session) -> None:
    session.execute(delete(Book))
    session.commit()
    books = {
        book.number: book
        for book in session.scalars(select(Book).options(show_deleted()).execution_options(populate_existing=True))
    }
    restore(session, books[1])
    assert books[1].deleted_at is None
    assert books[2].deleted_at is not None
    session.rollback()
    assert books[1].deleted_at is not None


def test_what_was_purged_does_not_come_back_and_the_rest_does(session: Session) -> None:
    session.delete(session.get_one(Shelf, 1))
    session.commit()
    session.execute(
        delete(Book).where(Book.number == 1).options(show_deleted()).execution_options(delete_for_good=True)
    )
    session.commit()
    assert restore(session, Shelf, 1) == {"shelves": 1, "books": 1, "loans": 2}  # the notes hung on book 1


def test_a_row_that_lives_or_is_gone_is_told(session: Session) -> None:
    with pytest.raises(NotDeleted, match=r"row 1 of 'shelves' is not deleted"):
        restore(session, Shelf, 1)
    with pytest.raises(NotDeleted, match=r"row 'B', 1 of 'books' is not there") as caught:
        restore(session, Book, ("B", 1))
    assert not caught.value.is_there
    with pytest.raises(TypeError, match="lacks the mixin SoftDelete"):
        restore(session, Label, 1)
    with pytest.raises(TypeError, match="never stored"):
        restore(session, Shelf(id=5))
    with pytest.raises(ValueError):
        restore(session, Book, "A")


def test_a_row_whose_parent_is_deleted_stays_so(session: Session) -> None:
    session.delete(session.get_one(Shelf, 1))
    session.commit()
    with pytest.raises(ParentDeleted, match=r"books\.shelf_id refers to row 1 of 'shelves'\. Restore that first"):
        restore(session, Book, ("A", 1))
    session.commit()
    assert living(session, Shelf, Book) == {"Shelf": [2], "Book": [("A", 3), ("A", 4)]}


def test_a_parent_outside_of_the_set_is_looked_at_too(session: Session) -> None:
    session.delete(session.get_one(Book, ("A", 1)))  # with notes 1, 3 and 4, of readers 1 and 2
    session.commit()
    session.delete(session.get_one(Reader, 2))
    session.commit()
    with pytest.raises(ParentDeleted) as caught:
        restore(session, Book, ("A", 1))
    assert caught.value.parents == (("notes.reader_id", "readers", "2"),)
    session.commit()
    assert living(session, Book) == {"Book": [("A", 2), ("A", 3), ("A", 4)]}
    restore(session, Reader, 2)
    assert restore(session, Book, ("A", 1)) == {"books": 1, "notes": 3}


def test_a_parent_by_set_null_is_none(session: Session) -> None:
    session.delete(session.get_one(Book, ("A", 1)))
    session.commit()
    session.execute(delete(Note).where(Note.id == 2))
    session.delete(session.get_one(Reader, 1))
    session.commit()
    session.connection().exec_driver_sql("UPDATE notes SET reader_id = NULL")
    assert restore(session, Book, ("A", 1))["books"] == 1


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
async def test_a_key_that_was_taken_is_named(database: Database, session: Session, driver: str) -> None:
    connection = session.connection()
    connection.exec_driver_sql(
        "CREATE UNIQUE INDEX ix_of_living ON notes (reader_id) WHERE id > 3 AND deleted_at IS NULL"
    )
    connection.exec_driver_sql("UPDATE notes SET reader_id = 2 WHERE id = 4")
    session.commit()
    session.delete(session.get_one(Note, 3))
    session.flush()
    session.add(Note(id=5, reader_id=2))
    session.commit()
    if driver == "psycopg":
        with pytest.raises(KeyTaken, match=r"unique key 'ix_of_living' of 'notes' is taken"):
            restore(session, Note, 3)
        session.commit()
    else:
        from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

        bound = create_async_engine(database.url("asyncpg"))
        async with AsyncSession(hide_deleted(bound)) as other:
            with pytest.raises(KeyTaken, match=r"unique key 'ix_of_living' of 'notes' is taken"):
                await restore(other, Note, 3)
        await bound.dispose()
    assert living(session, Note) == {"Note": [1, 2, 5]}
    session.delete(session.get_one(Note, 5))
    assert restore(session, Note, 3) == {"notes": 2}


def test_a_table_without_a_key_comes_back(session: Session) -> None:
    session.execute(delete(Reader))
    count = select(text("count(*)")).select_from(loans)
    assert session.scalar(count) == 0
    restore(session, Reader, 1)
    assert session.scalar(count) == 2


def test_a_connection_that_ends_in_the_middle_leaves_nothing_half_done(
    database: Database, engine: Engine, session: Session
) -> None:
    session.delete(session.get_one(Shelf, 1))
    session.commit()
    after = living(session, Shelf, Book, Note)
    session.rollback()

    @event.listens_for(engine, "before_cursor_execute")
    def kill(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if "restored_0" in statement:
            database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    with pytest.raises(DBAPIError):
        restore(session, Shelf, 1)
    session.rollback()
    event.remove(engine, "before_cursor_execute", kill)
    assert living(session, Shelf, Book, Note) == after
    assert restore(session, Shelf, 1)["books"] == 2


def test_a_restoration_takes_one_update_for_all_tables(engine: Engine, session: Session) -> None:
    session.delete(session.get_one(Shelf, 1))
    session.commit()
    with count_statements(engine) as statements:
        restore(session, Shelf, 1)
    assert len([text for text in statements.texts if "UPDATE" in text and "FOR" not in text]) <= 1
