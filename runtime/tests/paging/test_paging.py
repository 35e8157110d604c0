"""Pages against a full sort in the real server: each row once, in order, whatever the order and the data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Enum,
    Float,
    Integer,
    MetaData,
    Numeric,
    Select,
    String,
    Table,
    case,
    create_engine,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session
from sqlalchemy.types import Boolean

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.paging import Page, Pager

SECRET = b"a secret of the test's own"
PAGER = Pager(secret=SECRET)
metadata = MetaData()
items = Table(
    "items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("name", String(20, collation="C")),
    Column("price", Numeric(12, 3)),
    Column("weight", Float),
    Column("at", DateTime(timezone=True)),
    Column("mood", Enum("sad", "ok", "happy", name="mood")),
    Column("is_new", Boolean, nullable=False),
    Column("data", JSONB, nullable=False),
)
EXPRESSIONS: list[ColumnElement[Any]] = [
    *(items.c[name] for name in ("rank", "name", "price", "weight", "at", "mood", "is_new")),
    func.lower(items.c.name),
    items.c.name.collate("pg_unicode_fast"),
    case((items.c.rank > 1, items.c.price), else_=None),
    items.c.data["a"].as_integer(),
    func.coalesce(items.c.weight, 0.5),
]

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
WEIGHTS = [0.1, 0.30000000000000004, float("nan"), float("inf"), float("-inf"), 0.0, -0.0]
NO_VALUE = st.none()
rows_of_items = st.lists(
    st.fixed_dictionaries(
        {
            "rank": st.integers(0, 2),
            "name": NO_VALUE | st.sampled_from(["", "a", "A", "b", "B", "ä", "a b", "%s", "'", "\\"]),
            "price": NO_VALUE | st.sampled_from(["NaN", "0.1", "0.10", "123456789.123", "-1"]),
            "weight": NO_VALUE | st.sampled_from(WEIGHTS),
            "at": NO_VALUE | st.integers(0, 2).map(lambda step: EPOCH + timedelta(microseconds=step)),
            "mood": NO_VALUE | st.sampled_from(["sad", "ok", "happy"]),
            "is_new": st.booleans(),
            "data": st.sampled_from([{"a": 1}, {"a": 2}, {"a": None}, {}]),
        }
    ),
    max_size=25,
)


@st.composite
def orders(draw: st.DrawFn) -> list[ColumnElement[Any]]:
    keys = []
    for expression in draw(st.lists(st.sampled_from(EXPRESSIONS), min_size=1, max_size=4)):
        key = draw(st.sampled_from([expression, expression.asc(), expression.desc()]))
        place = draw(st.sampled_from(["", "first", "last"]))
        keys.append(key.nulls_first() if place == "first" else key.nulls_last() if place == "last" else key)
    return keys


@pytest.fixture(scope="module")
def connection(server: EmbeddedServer) -> Iterator[Connection]:
    """One connection to a database with an empty table; each example rolls back what it inserts."""
    server.create_database("paging_property")
    engine = create_engine(server.url("paging_property", "psycopg"))
    metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()
    server.drop_database("paging_property")


def page(session: Session, statement: Select[Any], size: int, cursor: str | None = None) -> Page[Any]:
    return PAGER.page(session, statement, size=size, cursor=cursor)


def walk(session: Session, statement: Select[Any], size: int) -> tuple[list[Any], list[Any]]:
    """Read all pages forward, then back to the start; return both readings in the order of the statement."""
    pages = [page(session, statement, size)]
    while pages[-1].next:
        pages.append(page(session, statement, size, pages[-1].next))
        assert pages[-1].has_previous
    back = [pages[-1]]
    while back[0].previous:
        back.insert(0, page(session, statement, size, back[0].previous))
        assert back[0].has_next
    assert all(len(page.items) == size for page in pages[:-1])
    return [item for page in pages for item in page.items], [item for page in back for item in page.items]


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(rows=rows_of_items, keys=orders(), size=st.integers(1, 9))
def test_each_row_comes_once_in_the_order_of_a_full_sort(
    connection: Connection, rows: list[dict[str, Any]], keys: list[ColumnElement[Any]], size: int
) -> None:
    with Session(connection) as session:
        if rows:
            session.execute(insert(items), rows)
        sorted_ids = session.scalars(select(items.c.id).order_by(*keys, items.c.id)).all()
        forward, back = walk(session, select(items.c.id).order_by(*keys), size)
        session.rollback()
    assert forward == sorted_ids
    assert back == sorted_ids


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    rows=rows_of_items,
    keys=orders(),
    size=st.integers(1, 5),
    inserted=rows_of_items,
    victims=st.lists(st.integers(0, 24), max_size=12),
)
def test_rows_that_lived_all_the_time_come_once_while_others_come_and_go(
    connection: Connection,
    rows: list[dict[str, Any]],
    keys: list[ColumnElement[Any]],
    size: int,
    inserted: list[dict[str, Any]],
    victims: list[int],
) -> None:
    statement = select(items.c.id).order_by(*keys)
    with Session(connection) as session:
        if rows:
            session.execute(insert(items), rows)
        lived = list(session.scalars(statement.order_by(items.c.id)))
        doomed = [lived[place] for place in victims if place < len(lived)]
        seen: list[int] = []
        cursors: list[str | None] = [None]
        while True:
            reading = page(session, statement, size, cursors[-1])
            seen += reading.items
            if doomed:
                session.execute(delete(items).where(items.c.id == doomed.pop()))
            if inserted:
                session.execute(insert(items), [inserted.pop()])
            if reading.next is None:
                break
            cursors.append(reading.next)
        survivors = set(session.scalars(select(items.c.id)))
        assert [row for row in seen if row in survivors and row in lived] == [row for row in lived if row in survivors]
        assert len(seen) == len(set(seen))
        back = list(reading.items)
        while reading.previous is not None:
            reading = page(session, statement, size, reading.previous)
            back[:0] = reading.items
            if doomed:
                session.execute(delete(items).where(items.c.id == doomed.pop()))
        survivors = set(session.scalars(select(items.c.id)))
        assert [row for row in back if row in survivors and row in lived] == [row for row in lived if row in survivors]
        session.rollback()
