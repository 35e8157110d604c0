"""`session.delete` and bulk deletes: what is marked, by how many statements, and what the session holds afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, delete, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

from pgwright_runtime import count_statements
from pgwright_runtime.soft_delete import DeletionRefused, delete_for_good, hide_deleted, show_deleted
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
    loans,
)
from tests.support.database import Database


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    engine = hide_deleted(create_engine(database.url("psycopg")))
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        session.add_all([Shelf(id=1), Shelf(id=2), Reader(id=1), Reader(id=2)])
        session.flush()
        session.add_all([Book(series="A", number=n, shelf_id=1 + n // 3, reader_id=1) for n in range(1, 5)])
        session.flush()
        session.add_all(
            [
                Note(id=1, series="A", number=1, reader_id=1),
                Note(id=2, series="A", number=3, reader_id=1),
                Note(id=3, answers_id=1, reader_id=2),
            ]
        )
        session.flush()
        session.add(Note(id=4, answers_id=3))
        session.commit()
        yield session


def living(session: Session, *models: type[Any]) -> dict[str, list[Any]]:
    session.flush()
    found = {}
    for model in models:
        keys = inspect(model).primary_key
        found[model.__name__] = sorted(tuple(row) for row in session.connection().execute(select(*keys)))
    return found


def updates(texts: list[str]) -> list[str]:
    return [text.split()[1] for text in texts if text.startswith("UPDATE")]


def test_what_hangs_on_a_row_goes_with_it_by_one_update_per_table(engine: Engine, session: Session) -> None:
    shelf = session.get_one(Shelf, 1)
    session.delete(shelf)
    with count_statements(engine) as statements:
        session.flush()
    # Notes answer notes, so that there is an UPDATE per level, and one that finds none.
    assert updates(statements.texts) == ["shelves", "books", "notes", "notes", "notes", "notes", "loans"] or updates(statements.texts) == ["shelves", "loans", "books", "notes", "notes", "notes", "notes"]
    assert living(session, Shelf, Book, Note) == {"Shelf": [(2,)], "Book": [("A", 3), ("A", 4)], "Note": [(2,)]}
    moments = {
        moment
        for table in ("shelves", "books", "notes")
        for (moment,) in session.connection().exec_driver_sql(f"SELECT deleted_at FROM {table}")
    }
    assert len(moments - {None}) == 1
    assert inspect(shelf).deleted
    session.commit()
    assert inspect(shelf).detached
