"""Generated orders, as the bench has thousands of: each row once, in the database's own order, both ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Text, and_, cast, create_engine, func, literal, literal_column, not_, or_, select, text, tuple_
from sqlalchemy.orm import Session, joinedload

from pgwright.embedded import EmbeddedServer
from pgwright_runtime.paging import NotPageable, suggest_index
from runtime.tests.support.generated_orders import (
    PAGER,
    SIZES,
    GeneratedOrder,
    Part,
    Thing,
    fill,
    generate,
    read_both_ways,
)

ORDERS_OF_EACH_SIZE = 30
T = Thing


@pytest.fixture(scope="module")
def session(server: EmbeddedServer) -> Iterator[Session]:
    server.create_database("paging_generated")
    engine = create_engine(server.url("paging_generated", "psycopg"))
    with engine.begin() as connection:
        fill(connection)
    with Session(engine) as session:
        yield session
    engine.dispose()
    server.drop_database("paging_generated")


def check(session: Session, order: GeneratedOrder) -> None:
    whole, forward, backward = read_both_ways(session, order)
    session.expunge_all()
    assert forward == whole, order.statement
    assert backward == whole, order.statement


@pytest.mark.parametrize("size", SIZES)
def test_a_generated_order_is_paged_as_the_database_sorts_it(session: Session, size: int) -> None:
    seeds = [seed for seed in range(ORDERS_OF_EACH_SIZE * len(SIZES)) if SIZES[seed % len(SIZES)] == size]
    for seed in seeds:
        check(session, generate(seed))


@pytest.mark.parametrize(
    "key",
    [
        not_(T.b1),
        and_(T.b1, T.b2),
        or_(T.b1, T.b3),
        not_(and_(T.b1, not_(T.b3))),
        (T.n == 2).desc(),
        (T.m == 2).desc().nulls_last(),
        (T.n - (T.m - 1)).desc(),
        T.data.op("->>")("a"),
        T.m.is_(None).desc(),
        tuple_(T.n, T.m).desc(),
        func.row(T.m, T.b1),
        tuple_(T.b1, tuple_(T.n, T.m)).desc().nulls_last(),
        literal_column("things.n + things.m").desc(),
        literal_column("things.place").desc(),
        cast(T.mood, Text),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["column", "joined load"])
def test_an_expression_keeps_its_sense_beside_a_cursor(session: Session, key: Any, kind: str) -> None:
    rows = select(T.id) if kind == "column" else select(T).options(joinedload(T.parts))
    check(session, GeneratedOrder(rows.order_by(key), select(T.id).order_by(key, T.id), size=3))


@pytest.mark.parametrize(
    "key", [literal_column("2"), literal_column("n"), literal_column("lower").desc()], ids=["place", "name", "label"]
)
def test_a_name_or_number_alone_is_what_order_by_takes_it_for(session: Session, key: Any) -> None:
    """`n` is the label of another expression here, not the column."""
    selected = select(T.id, (-T.m).label("n"), func.lower(T.code).label("lower"))
    whole = session.execute(selected.order_by(key, T.id)).all()
    read: list[Any] = []
    cursor = None
    while not read or cursor:
        page = PAGER.page(session, selected.order_by(key), size=4, cursor=cursor)
        read, cursor = read + page.items, page.next
    assert read == whole


today = select(T.id, (func.now() - T.at).label("old")).subquery()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (select(T.id).order_by(func.now() - T.at), "another value at the next page"),
        (select(T.id).order_by(T.at < func.current_timestamp()), "another value at the next page"),
        (select(T.id).order_by(func.current_date() - T.at), "another value at the next page"),
        (select(T.id).order_by(func.age(T.at)), "another value at the next page"),
        (select(T.id).order_by(literal_column("current_date - things.at")), "another value at the next page"),
        (select(today.c.id).order_by(today.c.old, today.c.id), "another value at the next page"),
        (select(T.id).order_by(select(func.random()).scalar_subquery()), "another value at each call"),
        (select(T.id).order_by(func.nextval("things_id_seq")), "another value at each call"),
        (select(T.id).order_by(literal_column("md5(random ()::text)")), "another value at each call"),
        (select(T.id).order_by(func.pg_catalog.RANDOM()), "another value at each call"),
        (select(T.id).order_by(func.unnest(T.tags)), "makes rows of its own"),
        (select(T.id).order_by(literal_column("7")), "names column 7, and 1 are selected"),
        (select(T.id).order_by(literal_column("things.n, things.m")), "has to be one expression"),
        (select(T.id).order_by(literal_column("things.n desc")), "has to be one expression"),
        (select(T.id).order_by(literal_column("things.n NULLS  FIRST ")), "has to be one expression"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_changes_from_page_to_page_is_refused_at_once(session: Session, statement: Any, reason: str) -> None:
    with pytest.raises(NotPageable, match=reason):
        PAGER.page(session, statement, size=3, unique=True)


@pytest.mark.parametrize("key", ["(things.n, things.m)", "array[(things.n, things.m)]"])
def test_a_row_within_a_text_is_refused_before_a_cursor_is_given_out(session: Session, key: str) -> None:
    with pytest.raises(NotPageable, match="order by its members"):
        PAGER.page(session, select(T.id).order_by(literal_column(key)), size=3)


@pytest.mark.parametrize("name", ["50% off", "Ünï", 'with "quotes" and %s', "my % schema"])
def test_a_type_may_have_any_name(session: Session, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    session.connection().exec_driver_sql(f"CREATE DOMAIN {quoted} AS text".replace("%", "%%"), {})
    key: Any = literal_column(f"things.code::{quoted}")
    check(session, GeneratedOrder(select(T.id).order_by(key), select(T.id).order_by(key, T.id), size=3))
    session.rollback()


def test_a_comma_within_a_text_is_no_second_key(session: Session) -> None:
    for written in ("coalesce(things.m, 0)", "things.code = ', desc'", "(array[things.n, 1])[1]"):
        key: Any = literal_column(written)
        check(session, GeneratedOrder(select(T.id).order_by(key), select(T.id).order_by(key, T.id), size=5))


def test_a_function_with_such_a_name_in_a_text_is_none(session: Session) -> None:
    key = T.code == literal_column("'now() or random()'")
    check(session, GeneratedOrder(select(T.id).order_by(key), select(T.id).order_by(key, T.id), size=3))
    assert suggest_index(select(T).order_by(T.n))


@pytest.mark.parametrize(
    ("key", "index"),
    [
        (and_(T.b1, T.b2), "(b1 AND b2)"),
        (not_(T.b1).desc(), "(NOT b1) DESC"),
        ((T.n == 2).desc(), "(n = 2) DESC"),
        (T.m.is_(None), "(m IS NULL)"),
        (T.data.op("->>")("a"), "(data ->> 'a')"),
        (T.data["a"].as_integer(), "(CAST(data ->> 'a' AS INTEGER))"),
        (T.m.between(1, 2), "(m BETWEEN 1 AND 2)"),
        (T.m.in_([1, 2]), "(m IN (1, 2))"),
        (func.coalesce(T.m, 0), "coalesce(m, 0)"),
        (literal_column("n + m").desc(), "(n + m) DESC"),
        (tuple_(T.n, T.m).desc(), "n DESC, m DESC"),
        (literal(1), None),
    ],
    ids=str,
)
def test_the_index_of_an_expression_can_be_built(session: Session, key: Any, index: str | None) -> None:
    suggested = suggest_index(select(T).order_by(key))
    assert suggested == f"CREATE INDEX CONCURRENTLY ON things ({f'{index}, ' if index else ''}id)"
    session.execute(text(suggested.replace(" CONCURRENTLY", "")))
    session.rollback()


@pytest.mark.parametrize(
    "key",
    [
        select(Thing.n).where(Thing.id == 1).scalar_subquery(),
        T.id.in_(select(Part.thing_id)),
        select(Part.id).where(Part.thing_id == T.id).exists(),
    ],
    ids=["scalar subquery", "in", "exists"],
)
def test_no_index_is_suggested_for_an_order_by_a_subquery(key: Any) -> None:
    with pytest.raises(NotPageable, match="no index gives this order"):
        suggest_index(select(T).order_by(key))
