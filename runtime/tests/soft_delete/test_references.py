"""A reference to a deleted row is refused by the database, in whatever order two transactions come to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Delete, Engine, create_engine, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

import pgwright_runtime.soft_delete.alembic  # noqa: F401
from pgwright_runtime.soft_delete import NotDeleted, ParentDeleted, hide_deleted, restore
from runtime.tests.support.soft_delete_library import (
    Badge,
    Base,
    Book,
    Egg,
    Hen,
    Keeper,
    Label,
    Note,
    Reader,
    Shelf,
    fill,
    living,
)
from tests.support.database import Database


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    plain = create_engine(database.url("psycopg"))
    Base.metadata.create_all(plain)
    with plain.connect() as connection:
        context = MigrationContext.configure(connection)
        script = produce_migrations(context, Base.metadata)
        assert script.upgrade_ops is not None
        for operation in script.upgrade_ops.ops:
            Operations(context).invoke(operation)
        connection.commit()
    engine = hide_deleted(plain)
    with Session(engine) as session:
        fill(session)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


@pytest.fixture
def other(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


def run(session: Session, statement: Delete) -> None:
    session.execute(statement)


def in_background(database: Database, work: Callable[[], object]) -> Future[object]:
    """Start what has to wait for a lock, and return when it waits."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while not future.done() and not database.rows(waiting):
        pass
    return future


def delete_shelf(session: Session) -> None:
    session.delete(session.get_one(Shelf, 1))
    session.commit()


def test_a_new_row_is_refused_and_the_error_names_the_key(session: Session) -> None:
    delete_shelf(session)
    session.add(Book(series="B", number=1, shelf_id=1))
    with pytest.raises(IntegrityError, match="a row of table books refers to a deleted row of shelves") as caught:
        session.flush()
    assert isinstance(caught.value.orig, psycopg.errors.ForeignKeyViolation)
    assert caught.value.orig.diag.message_detail == "Key (shelf_id)=(1) is marked as deleted."
    assert caught.value.orig.diag.constraint_name == "living_references"


def test_a_changed_key_is_refused_and_another_change_is_not(session: Session) -> None:
    book = session.get_one(Book, ("A", 3))
    delete_shelf(session)
    book.shelf_id = 1
    with pytest.raises(IntegrityError):
        session.commit()
    session.rollback()
    session.delete(session.get_one(Reader, 1))  # ON DELETE SET NULL: books keep their key
    session.commit()
    session.add(Shelf(id=3))
    session.flush()
    book.shelf_id = 3
    session.commit()
    assert book.reader_id == 1


def test_rows_without_a_mark_and_tables_below_others_by_inheritance(session: Session) -> None:
    session.add(Keeper(id=1, rank=1))
    session.flush()
    session.delete(session.get_one(Keeper, 1))
    delete_shelf(session)
    session.add(Label(id=1, shelf_id=1))
    with pytest.raises(IntegrityError, match="refers to a deleted row of shelves"):
        session.flush()
    session.rollback()
    session.add(Badge(id=1, keeper_id=1))
    with pytest.raises(IntegrityError, match="refers to a deleted row of people"):
        session.flush()


def test_a_key_of_two_columns(session: Session) -> None:
    session.delete(session.get_one(Book, ("A", 1)))
    session.commit()
    session.add(Note(id=9, series="A", number=1))
    with pytest.raises(IntegrityError, match="refers to a deleted row of books"):
        session.flush()


def test_restoring_passes_the_triggers(session: Session) -> None:
    before = living(session, Shelf, Book, Note)
    delete_shelf(session)
    restore(session, Shelf, 1)
    session.commit()
    assert living(session, Shelf, Book, Note) == before
    session.add_all([Hen(id=1), Hen(id=2)])
    session.flush()
    session.add_all([Egg(id=1, hen_id=1), Egg(id=2, hen_id=2)])
    session.flush()
    session.get_one(Hen, 2).egg_id = 1
    session.get_one(Hen, 1).egg_id = 2
    session.commit()
    session.execute(delete(Hen))
    session.commit()
    assert restore(session, Hen, 1) == {"eggs": 2, "hens": 2}
    session.commit()


def test_a_mark_that_another_program_takes_back_is_refused_below_a_deleted_row(
    database: Database, session: Session
) -> None:
    delete_shelf(session)
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="refers to a deleted row of shelves"):
        database.execute("UPDATE books SET deleted_at = NULL")


# Interleavings: who comes first, and how it ends.


def test_an_insert_waits_for_a_deletion_and_is_refused(database: Database, session: Session, other: Session) -> None:
    session.delete(session.get_one(Shelf, 1))
    session.flush()
    other.add(Book(series="B", number=1, shelf_id=1))
    future = in_background(database, other.flush)
    session.commit()
    with pytest.raises(IntegrityError, match="refers to a deleted row of shelves"):
        future.result()


def test_an_insert_waits_for_a_deletion_that_is_rolled_back(
    database: Database, session: Session, other: Session
) -> None:
    session.delete(session.get_one(Shelf, 1))
    session.flush()
    other.add(Book(series="B", number=1, shelf_id=1))
    future = in_background(database, other.commit)
    session.rollback()
    future.result()
    assert ("B", 1) in living(other, Book)["Book"]


@pytest.mark.parametrize("bulk", [True, False])
def test_a_deletion_waits_for_an_insert_and_takes_the_row_along(
    database: Database, session: Session, other: Session, bulk: bool
) -> None:
    other.add(Book(series="B", number=1, shelf_id=1))
    other.flush()
    if bulk:
        future = in_background(database, lambda: run(session, delete(Shelf).where(Shelf.id == 1)))
    else:
        session.delete(session.get_one(Shelf, 1))
        future = in_background(database, session.flush)
    other.commit()
    future.result()
    session.commit()
    assert living(session, Book) == {"Book": [("A", 3), ("A", 4)]}
    assert restore(session, Shelf, 1)["books"] == 3


def test_a_deletion_waits_for_an_insert_that_is_rolled_back(
    database: Database, session: Session, other: Session
) -> None:
    other.add(Book(series="B", number=1, shelf_id=1))
    other.flush()
    session.delete(session.get_one(Shelf, 1))
    future = in_background(database, session.commit)
    other.rollback()
    future.result()
    assert restore(session, Shelf, 1)["books"] == 2


def test_a_row_that_moves_away_meanwhile_stays(database: Database, session: Session, other: Session) -> None:
    other.get_one(Book, ("A", 1)).shelf_id = 2
    other.flush()
    future = in_background(database, lambda: run(session, delete(Shelf).where(Shelf.id == 1)))
    other.commit()
    future.result()
    assert living(session, Book) == {"Book": [("A", 1), ("A", 3), ("A", 4)]}


def test_a_row_that_moves_below_it_meanwhile_goes_too(database: Database, session: Session, other: Session) -> None:
    other.get_one(Book, ("A", 4)).shelf_id = 1
    other.flush()
    session.delete(session.get_one(Shelf, 1))
    future = in_background(database, session.commit)
    other.commit()
    future.result()
    assert living(session, Book) == {"Book": [("A", 3)]}


def test_rows_below_one_parent_do_not_wait_for_one_another(session: Session, other: Session) -> None:
    session.add(Book(series="B", number=1, shelf_id=1))
    session.flush()
    other.add(Book(series="B", number=2, shelf_id=1))
    other.get_one(Shelf, 1).changed_at = None
    other.flush()
    other.connection().exec_driver_sql("UPDATE shelves SET changed_at = now() WHERE id = 1")
    other.commit()
    session.connection().exec_driver_sql("UPDATE shelves SET changed_at = now() WHERE id = 1")
    session.commit()


def test_of_two_deletions_the_first_one_counts(database: Database, session: Session, other: Session) -> None:
    session.delete(session.get_one(Shelf, 1))
    session.flush()
    book = other.get_one(Book, ("A", 1))
    other.delete(book)
    future = in_background(database, other.commit)
    session.commit()
    future.result()
    assert restore(session, Shelf, 1) == {"shelves": 1, "books": 2, "notes": 3, "loans": 2}


def test_a_restoration_below_a_row_that_is_being_deleted(database: Database, session: Session, other: Session) -> None:
    session.delete(session.get_one(Book, ("A", 1)))
    session.commit()
    other.delete(other.get_one(Shelf, 1))
    other.flush()
    future = in_background(database, lambda: restore(session, Book, ("A", 1)))
    other.commit()
    with pytest.raises(ParentDeleted):
        future.result()


def test_a_deletion_waits_for_a_restoration_below_it(database: Database, session: Session, other: Session) -> None:
    session.delete(session.get_one(Book, ("A", 1)))
    session.commit()
    restore(session, Book, ("A", 1))
    other.delete(other.get_one(Shelf, 1))
    future = in_background(database, other.commit)
    session.commit()
    future.result()
    assert living(session, Book) == {"Book": [("A", 3), ("A", 4)]}


def test_of_two_restorations_the_second_finds_that_it_lives(
    database: Database, session: Session, other: Session
) -> None:
    delete_shelf(session)
    restore(session, Shelf, 1)
    future = in_background(database, lambda: restore(other, Shelf, 1))
    session.commit()
    with pytest.raises(NotDeleted):
        future.result()
