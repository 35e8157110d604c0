"""What a page costs in Python: the order is read once a shape, and SQLAlchemy compiles its statement once a shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Select, String, Table, create_engine, event, func, insert, select
from sqlalchemy.engine.interfaces import CacheStats
from sqlalchemy.orm import Session

from pgwright_runtime.paging import Pager, keys
from pgwright_runtime.paging.sources import Sources, read_sources
from tests.support.database import Database

SECRET = b"a secret of the test's own"
PAGER = Pager(secret=SECRET)
boxes = Table(
    "boxes",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("shelf", Integer, nullable=False),
    Column("label", String),
)
c = boxes.c
# Each call makes the statement anew, as a request does, with another value.
SHAPES: dict[str, Callable[[int], Select[int]]] = {
    "one direction": lambda shelf: select(c.id).where(c.shelf > shelf).order_by(c.shelf),
    "mixed, nullable": lambda shelf: select(c.id).where(c.shelf > shelf).order_by(c.label.desc().nulls_last()),
    "values in the order": lambda shelf: select(c.id).order_by(func.mod(c.id + shelf, 3), c.label),
}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    engine = create_engine(database.url("psycopg"))
    boxes.metadata.create_all(engine)
    with Session(engine) as session:
        rows = [{"id": n, "shelf": n, "label": None if n % 4 == 0 else f"L{n:02}"} for n in range(40)]
        session.execute(insert(boxes), rows)
        yield session
    engine.dispose()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_second_call_of_a_shape_compiles_nothing(session: Session, shape: Callable[[int], Select[int]]) -> None:
    stats: list[CacheStats] = []
    event.listen(session.connection(), "before_cursor_execute", lambda *arguments: stats.append(arguments[4].cache_hit))
    for shelf, found in ((0, CacheStats.CACHE_MISS), (1, CacheStats.CACHE_HIT)):
        stats.clear()
        first = PAGER.page(session, shape(shelf), size=3)
        PAGER.page(session, shape(shelf), size=3, cursor=first.next)
        assert stats == [found, found]


def test_an_order_is_read_once_for_all_values(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_completions", {})
    readings: list[object] = []

    def read(statement: Select[*tuple[Any, ...]]) -> Sources:
        readings.append(statement)
        return read_sources(statement)

    monkeypatch.setattr(keys, "read_sources", read)
    for shelf in range(5):
        page = PAGER.page(session, SHAPES["mixed, nullable"](shelf), size=3)
        assert page.items == [39 - place - (place // 3) for place in range(3)]
    assert len(readings) == 1


def test_values_inside_an_order_are_those_of_the_call(session: Session) -> None:
    """What is remembered of one statement must not answer for another one of its shape."""
    shape = SHAPES["values in the order"]
    for shelf in range(4):
        page = PAGER.page(session, shape(shelf), size=7)
        page = PAGER.page(session, shape(shelf), size=7, cursor=page.next)
        assert page.items == list(session.scalars(shape(shelf).order_by(c.id)))[7:14]


def test_unique_is_part_of_what_is_remembered(session: Session) -> None:
    statement = select(c.id).order_by(c.label)
    assert len(keys.read_keys(statement)) == 2
    assert len(keys.read_keys(statement, unique=True)) == 1
    assert len(keys.read_keys(statement)) == 2


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_completions", {})
    monkeypatch.setattr(keys, "MAX_REMEMBERED", 3)
    for number in range(10):
        keys.read_keys(select(c.id.label(f"n{number}")).order_by(c.label))
        assert len(keys._completions) == min(number + 1, 3)
