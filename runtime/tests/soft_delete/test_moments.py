"""The moment of a deletion is later than those before it, and no other deletion's."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from pgwright_runtime.soft_delete import hide_deleted, moments, restore
from pgwright_runtime.soft_delete.moments import next_moment
from runtime.tests.support.soft_delete_library import Base, Book, Note, Shelf, fill, living
from tests.support.database import Database

STEP = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "_last", moments._last)  # each test gives back the time that it took


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    engine = hide_deleted(create_engine(database.url("psycopg")))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        fill(session)
        yield session
    engine.dispose()


def test_a_clock_that_jumps_back_gives_no_earlier_moment() -> None:
    first = next_moment()
    assert first.tzinfo is UTC
    assert next_moment(first - timedelta(hours=1)) == first + STEP
    assert next_moment(first) == first + 2 * STEP
    assert next_moment(first + timedelta(seconds=1)) == first + timedelta(seconds=1)


def test_threads_share_no_moment() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: next_moment(), range(2_000)))
    assert len(set(found)) == len(found)


def test_a_moment_that_a_row_below_bears_is_not_taken(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = datetime(2100, 1, 1, tzinfo=UTC)
    session.connection().exec_driver_sql(f"UPDATE notes SET deleted_at = '{taken.isoformat()}' WHERE id = 4")
    session.commit()
    monkeypatch.setattr(moments, "_last", taken - STEP)  # as another process may have given it to the note
    session.delete(session.get_one(Shelf, 1))
    session.commit()
    restore(session, Shelf, 1)
    session.commit()
    assert living(session, Shelf, Note) == {"Shelf": [1, 2], "Note": [1, 2, 3]}


def test_two_deletions_under_way_share_no_moment(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = datetime(2100, 1, 2, tzinfo=UTC)
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    marks = []
    with Session(engine) as other:
        for one, key in ((session, 1), (other, 2)):
            monkeypatch.setattr(moments, "_last", taken - STEP)
            one.delete(one.get_one(Shelf, key))
            one.flush()
            marks.append(one.connection().exec_driver_sql(f"SELECT deleted_at FROM shelves WHERE id = {key}").scalar())
    assert marks == [taken, taken + STEP]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/St_Johns"])
def test_the_time_zone_of_a_session_does_not_matter(session: Session, zone: str) -> None:
    session.connection().exec_driver_sql(f"SET LOCAL timezone = '{zone}'")
    before = datetime.now(UTC)
    session.delete(session.get_one(Book, ("A", 1)))
    session.flush()
    found = session.connection().exec_driver_sql("SELECT deleted_at FROM books WHERE number = 1").scalar_one()
    assert before <= found <= datetime.now(UTC)
    session.commit()
    session.connection().exec_driver_sql("SET LOCAL timezone = 'UTC'")
    assert restore(session, Book, ("A", 1)) == {"books": 1, "notes": 3}
