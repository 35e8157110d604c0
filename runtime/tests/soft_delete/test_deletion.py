"""`session.delete` and orphans: what is marked, by how many statements, and what the session holds afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Engine, create_engine, delete, inspect, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from pgwright_runtime import count_statements
from pgwright_runtime.soft_delete import DeletionRefused, delete_for_good, hide_deleted, restore, show_deleted
from runtime.tests.support.soft_delete_library import (
    Badge,
    Base,
    Book,
    Box,
    Egg,
    Hen,
    Keeper,
    Label,
    Note,
    Person,
    Reader,
    Scan,
    Shelf,
    Topic,
    fill,
    living,
)
from tests.support.database import Database

ALL = {
    "Shelf": [1, 2],
    "Book": [("A", 1), ("A", 2), ("A", 3), ("A", 4)],
    "Note": [1, 2, 3, 4],
}


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


def updates(texts: list[str]) -> list[str]:
    return [text.split()[1] for text in texts if text.startswith("UPDATE")]


def test_what_hangs_on_a_row_goes_with_it_by_one_update_per_table(engine: Engine, session: Session) -> None:
    shelf = session.get_one(Shelf, 1)
    session.delete(shelf)
    with count_statements(engine) as statements:
        session.flush()
    # Notes answer notes: an UPDATE per level, and one that finds no more.
    assert sorted(updates(statements.texts)) == ["books", "loans", "notes", "notes", "notes", "notes", "shelves"]
    assert not any(text.startswith("DELETE") for text in statements.texts)
    assert living(session, Shelf, Book, Note) == {"Shelf": [2], "Book": [("A", 3), ("A", 4)], "Note": [2]}
    connection = session.connection()
    marks = "SELECT deleted_at FROM shelves UNION SELECT deleted_at FROM books UNION SELECT deleted_at FROM notes"
    assert len(connection.exec_driver_sql(f"{marks} UNION SELECT deleted_at FROM loans").all()) == 2
    assert connection.exec_driver_sql("SELECT changed_at FROM shelves WHERE id = 1").scalar() is None


def test_a_row_on_which_nothing_hangs_takes_one_statement(engine: Engine, session: Session) -> None:
    session.add(Keeper(id=1, rank=1))
    session.flush()
    session.add(Badge(id=1, keeper_id=1))
    session.flush()
    session.delete(session.scalars(select(Badge)).one())
    with count_statements(engine) as statements:
        session.flush()
    assert len(statements.texts) == 1


def test_objects_end_as_after_an_ordinary_delete(session: Session) -> None:
    shelf, note = session.get_one(Shelf, 1), session.get_one(Note, 4)
    other = session.get_one(Shelf, 2)
    session.delete(shelf)
    session.flush()
    assert inspect(shelf).deleted
    assert inspect(note).deleted  # the graph reached it, not the session
    assert inspect(other).persistent
    assert session.get(Shelf, 1) is None
    assert session.get(Note, 4) is None
    session.commit()
    assert inspect(shelf).detached
    assert inspect(note).detached


def test_a_rollback_gives_the_objects_back(session: Session) -> None:
    shelf, note = session.get_one(Shelf, 1), session.get_one(Note, 4)
    session.delete(shelf)
    session.flush()
    session.rollback()
    assert inspect(shelf).persistent
    assert inspect(note).persistent
    assert session.get(Shelf, 1) is shelf
    assert living(session, Shelf, Book, Note) == ALL


def test_a_savepoint_gives_the_objects_back(session: Session) -> None:
    shelf, note, book = session.get_one(Shelf, 1), session.get_one(Note, 2), session.get_one(Book, ("A", 2))
    session.delete(note)
    session.flush()
    nested = session.begin_nested()
    session.delete(shelf)
    session.flush()
    nested.rollback()
    assert inspect(shelf).persistent
    assert inspect(book).persistent
    assert inspect(note).deleted
    assert living(session, Shelf, Book, Note) == {**ALL, "Note": [1, 3, 4]}
    session.delete(book)
    session.commit()
    assert living(session, Book) == {"Book": [("A", 1), ("A", 3), ("A", 4)]}


def test_what_the_same_flush_moved_away_stays(session: Session) -> None:
    book = session.get_one(Book, ("A", 1))
    shelf = session.get_one(Shelf, 1)
    book.shelf = session.get_one(Shelf, 2)
    session.delete(shelf)
    session.commit()
    assert living(session, Shelf, Book) == {"Shelf": [2], "Book": [("A", 1), ("A", 3), ("A", 4)]}


def test_what_the_same_flush_inserted_below_goes_too(session: Session) -> None:
    book = session.get_one(Book, ("A", 1))
    note = Note(id=9, series="A", number=1)
    session.add(note)
    session.delete(book)
    session.flush()
    assert inspect(note).deleted
    session.rollback()
    assert inspect(note).transient
    assert inspect(book).persistent


def test_orphans_are_marked_and_keep_their_key(session: Session) -> None:
    shelf = session.get_one(Shelf, 1)
    book = shelf.books.pop(0)
    session.flush()
    assert inspect(book).deleted
    assert living(session, Book, Note) == {"Book": [("A", 2), ("A", 3), ("A", 4)], "Note": [2]}
    assert restore(session, Book, ("A", 1)) == {"books": 1, "notes": 3}
    session.commit()
    assert len(session.get_one(Shelf, 1).books) == 2


def test_a_key_with_set_null_stays_so_that_restoring_mends_it(session: Session) -> None:
    session.delete(session.get_one(Reader, 1))
    session.commit()
    assert living(session, Book, Note) == {"Book": ALL["Book"], "Note": []}  # 3 and 4 answer 1
    book = session.get_one(Book, ("A", 1))
    assert book.reader_id == 1
    assert book.reader is None
    assert restore(session, Reader, 1) == {"readers": 1, "notes": 4, "loans": 1}
    session.commit()
    assert book.reader is session.get(Reader, 1)


def test_rows_without_a_mark_stay_below_a_marked_one(session: Session) -> None:
    shelf = session.get_one(Shelf, 1)
    shelf.labels.append(Label(id=1, scans=[Scan(id=1)]))
    session.commit()
    session.delete(shelf)
    session.commit()
    assert living(session, Label, Scan) == {"Label": [1], "Scan": [1]}
    assert list(session.deleted) == []


def test_rows_of_an_association_stay_and_do_not_forbid_it(session: Session) -> None:
    shelf = session.get_one(Shelf, 1)
    shelf.topics = [Topic(id=1), Topic(id=2)]
    session.commit()
    session.delete(shelf)
    session.commit()
    assert living(session, Shelf, Topic) == {"Shelf": [2], "Topic": [1, 2]}
    with pytest.raises(
        DeletionRefused, match=r"topics_of_shelves\.topic_id"
    ):  # as without the relationship's other end
        session.execute(delete(Topic))
    restore(session, Shelf, 1)
    session.commit()
    assert [topic.id for topic in session.get_one(Shelf, 1).topics] == [1, 2]


def test_what_was_deleted_by_name_goes_beside_what_is_marked(session: Session) -> None:
    shelf = session.get_one(Shelf, 1)
    shelf.labels = [Label(id=1, scans=[Scan(id=1)]), Label(id=2)]
    session.commit()
    with session.no_autoflush:
        session.delete(shelf.labels[0])
        session.delete(shelf)
    session.commit()
    assert living(session, Label, Scan, Shelf) == {"Label": [2], "Scan": [], "Shelf": [2]}
    assert session.scalar(select(Scan).options(show_deleted())) is None


def test_what_hangs_on_a_row_without_a_mark_goes_for_good_with_it(session: Session) -> None:
    shelf = session.get_one(Shelf, 1)
    shelf.labels = [Label(id=1, scans=[Scan(id=1)])]
    session.commit()
    shelf.labels[0].scans  # noqa: B018
    session.delete(shelf.labels[0])
    session.commit()
    assert session.scalar(select(Scan).options(show_deleted())) is None


def test_a_delete_for_good_takes_its_cascades_along(session: Session) -> None:
    delete_for_good(session, session.get_one(Shelf, 1))
    session.commit()
    everything = select(Book.number).options(show_deleted())
    assert sorted(session.scalars(everything)) == [3, 4]
    session.delete(session.get_one(Shelf, 2))  # the next one is marked again
    session.commit()
    assert sorted(session.scalars(everything)) == [3, 4]
    deleted = session.scalars(select(Shelf).options(show_deleted())).one()
    delete_for_good(session, deleted)
    session.commit()
    assert session.scalars(everything).all() == []


def test_a_row_that_forbids_it_is_named_and_nothing_happens(session: Session) -> None:
    session.add(Box(id=7, shelf_id=1))
    session.commit()
    shelf = session.get_one(Shelf, 1)
    session.delete(shelf)
    with pytest.raises(DeletionRefused, match=r"boxes\.shelf_id of row 7\. Delete or change") as caught:
        session.commit()
    assert caught.value.referring == (("boxes.shelf_id", "7"),)
    session.rollback()
    assert inspect(shelf).persistent
    assert living(session, Shelf, Book) == {"Shelf": [1, 2], "Book": ALL["Book"]}


def test_a_pending_object_cannot_be_deleted(session: Session) -> None:
    shelf = Shelf(id=9)
    session.add(shelf)
    with pytest.raises(InvalidRequestError, match="not persisted"):
        session.delete(shelf)


def test_a_deleted_row_keeps_its_moment(engine: Engine, session: Session) -> None:
    shelf = session.get_one(Shelf, 1)
    with Session(engine) as other:
        other.delete(other.get_one(Shelf, 1))
        other.commit()
    first = session.connection().exec_driver_sql("SELECT deleted_at FROM shelves WHERE id = 1").scalar()
    session.delete(shelf)
    session.commit()
    again = session.connection().exec_driver_sql("SELECT deleted_at FROM shelves WHERE id = 1").scalar()
    assert again == first
    assert inspect(shelf).detached


def test_a_circle_of_tables_goes_whole(session: Session) -> None:
    session.add_all([Hen(id=1), Hen(id=2), Hen(id=3)])
    session.flush()
    session.add_all([Egg(id=1, hen_id=1), Egg(id=2, hen_id=2), Egg(id=3, hen_id=3)])
    session.flush()
    session.get_one(Hen, 2).egg_id = 1
    session.get_one(Hen, 1).egg_id = 2  # a circle of rows: 1 → egg 1 → hen 2 → egg 2 → hen 1
    session.commit()
    session.delete(session.get_one(Egg, 1))
    session.commit()
    assert living(session, Hen, Egg) == {"Hen": [3], "Egg": [3]}
    assert restore(session, Egg, 1) == {"eggs": 2, "hens": 2}
    assert living(session, Hen, Egg) == {"Hen": [1, 2, 3], "Egg": [1, 2, 3]}


def test_classes_that_share_rows_by_inheritance_are_marked_in_one_table(session: Session) -> None:
    session.add_all([Keeper(id=1, rank=1), Person(id=9)])
    session.flush()
    session.add(Keeper(id=2, rank=2, trainer_id=1))
    session.flush()
    session.add(Badge(id=1, keeper_id=2))
    session.commit()
    badge = session.get_one(Badge, 1)
    session.delete(session.get_one(Keeper, 1))
    session.flush()
    assert inspect(badge).deleted
    assert living(session, Person, Badge) == {"Person": [9], "Badge": []}
    assert restore(session, Keeper, 1) == {"badges": 1, "people": 2}
    assert living(session, Person, Badge) == {"Person": [1, 2, 9], "Badge": [1]}


@pytest.fixture
async def async_session(engine: Engine, database: Database) -> AsyncIterator[AsyncSession]:
    bound = create_async_engine(database.url("asyncpg"))
    async with AsyncSession(hide_deleted(bound)) as session:
        yield session
    await bound.dispose()


async def test_an_async_session_does_the_same(async_session: AsyncSession, session: Session) -> None:
    shelf = await async_session.get_one(Shelf, 1)
    await async_session.delete(shelf)
    await async_session.commit()
    assert inspect(shelf).detached
    await async_session.execute(delete(Book).where(Book.number == 4))
    await async_session.commit()
    assert living(session, Shelf, Book) == {"Shelf": [2], "Book": [("A", 3)]}
    assert await restore(async_session, shelf) == {"books": 2, "loans": 2, "notes": 3, "shelves": 1}
    await async_session.commit()
    await delete_for_good(async_session, await async_session.get_one(Shelf, 2))
    await async_session.commit()
    session.rollback()
    assert living(session, Shelf, Book) == {"Shelf": [1], "Book": [("A", 1), ("A", 2)]}
