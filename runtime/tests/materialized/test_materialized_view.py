"""What may be declared, in which order views are refreshed, and how old their data are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from sqlalchemy import Column, Date, Engine, Integer, MetaData, func, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session

from pgwright_runtime.materialized import (
    Freshness,
    MaterializedView,
    RefreshMetrics,
    StaleView,
    freshness,
    refresh_due,
    refresh_now,
    require_fresh,
)
from pgwright_runtime.materialized.catalog import sources_first
from runtime.tests.support.materialized_shop import MINUTE, Shop, engine_of
from tests.support.database import Database

TIMES: dict[str, Any] = {"unique": ["day"], "every": 5 * MINUTE, "max_age": 15 * MINUTE}


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    with engine_of(database) as engine:
        yield engine


@pytest.fixture
def shop(engine: Engine) -> Shop:
    shop = Shop()
    shop.create(engine)
    refresh_now(engine, shop.metadata)
    return shop


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"unique": "day"}, r"unique=\['day'\]"),
        ({"unique": []}, "unique must name columns"),
        ({"unique": ["week"]}, "unique must name columns"),
        ({"every": timedelta(0)}, "every must be above 0"),
        ({"max_age": MINUTE}, "at most max_age"),
        ({"columns": []}, "must be known"),
        ({"columns": [Column("day", Date), Column("day", Date)]}, "a name of its own"),
    ],
)
def test_a_declaration_that_cannot_be_right_is_refused(options: dict[str, Any], reason: str) -> None:
    given: dict[str, Any] = {**TIMES, "columns": [Column("day", Date)], **options}
    with pytest.raises(ValueError, match=reason):
        MaterializedView("days", "SELECT 1 AS day", metadata=MetaData(), **given)


def test_an_expression_needs_a_name_and_a_view_another_than_the_others() -> None:
    shop = Shop()
    with pytest.raises(ValueError, match="label"):
        shop.view("counts", select(shop.orders.c.day, func.count()).group_by(shop.orders.c.day))
    with pytest.raises(ValueError, match="already"):
        shop.view("days", select(shop.orders.c.day))


def test_the_query_is_kept_as_text_with_its_values() -> None:
    shop = Shop()
    odd = select(shop.orders.c.day).where(func.to_char(shop.orders.c.day, "%d") == "50%")
    assert "= '50%'" in shop.view("odd", odd).definition
    assert (
        MaterializedView(
            "v", " SELECT 1 AS day; ", metadata=MetaData(), columns=[Column("day", Date)], **TIMES
        ).definition
        == "SELECT 1 AS day"
    )


def test_a_class_can_be_mapped_to_it_and_create_all_leaves_it_alone(shop: Shop, engine: Engine) -> None:
    class Base(DeclarativeBase):
        pass

    class Day(Base):
        __table__ = shop.days.table

    shop.metadata.create_all(engine)
    with Session(engine) as session:
        days = session.scalars(select(Day).order_by(Day.__table__.c.day)).all()
        assert [day.total for day in days[:2]] == [10, 10]  # type: ignore[attr-defined]
        row = session.execute(select(func.sum(shop.days.c.total), shop.days.data_at)).one()
        assert (row[0], row.data_at) == (1000, freshness(session, shop.days).data_at)


@given(st.dictionaries(st.integers(0, 12), st.sets(st.integers(0, 12), max_size=4), max_size=13))
def test_in_any_graph_each_comes_once_and_without_circles_after_all_it_reads(graph: dict[int, set[int]]) -> None:
    order = sources_first(graph)
    assert sorted(order) == sorted(graph)
    downwards = {key: {one for one in sources if one < key} for key, sources in graph.items()}
    place = {key: number for number, key in enumerate(sources_first(downwards))}
    assert all(place[one] < place[key] for key, sources in downwards.items() for one in sources & downwards.keys())


def test_a_long_chain_is_no_recursion() -> None:
    assert sources_first({n: [n + 1] for n in range(5_000)}) == [*range(4_999, -1, -1)]


def test_the_age_is_that_of_the_data_also_of_what_is_read(shop: Shop, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE pgwright_refreshes SET data_at = now() - interval '1 hour'")
    refresh_now(engine, [shop.months])
    with Session(engine) as session:
        old = freshness(session, shop.months)
    assert old.is_stale
    assert old.age is not None
    assert timedelta(hours=1) <= old.age
    refresh_now(engine, shop.metadata)
    with Session(engine) as session:
        new = require_fresh(session, shop.months)
    assert not new.is_stale
    assert new.headers()["Age"].isdigit()
    assert new.headers()["Last-Modified"].endswith("GMT")


async def test_a_reader_may_ask_for_less_and_an_async_session_is_awaited(shop: Shop, database: Database) -> None:
    engine = create_async_engine(database.url("asyncpg"))
    async with AsyncSession(engine) as session:
        assert (await require_fresh(session, shop.days)).data_at is not None
        with pytest.raises(StaleView, match="days are 0 s old, and may be 0 s"):
            await require_fresh(session, shop.days, timedelta(0))
        assert (await freshness(session, shop.months)).age is not None
    await engine.dispose()


@pytest.mark.parametrize(("ahead", "is_known"), [("10 s", True), ("1 hour", False)])
def test_a_moment_ahead_of_the_clock_is_no_age(shop: Shop, engine: Engine, ahead: str, is_known: bool) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE pgwright_refreshes SET data_at = now() + interval '{ahead}'")
    with Session(engine) as session:
        found = freshness(session, shop.days)
        assert found.age == (timedelta(0) if is_known else None)
        assert found.is_stale is not is_known
        if not is_known:
            assert found.headers() == {}
            with pytest.raises(StaleView, match="unknown age"):
                require_fresh(session, shop.days)


def test_what_reads_a_view_of_unknown_age_is_of_unknown_age(shop: Shop, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE MATERIALIZED VIEW by_hand AS SELECT 1 AS day")
        connection.exec_driver_sql("CREATE MATERIALIZED VIEW over AS SELECT * FROM by_hand")
        connection.exec_driver_sql("CREATE UNIQUE INDEX ON over (day)")
    over = shop.view("over", "SELECT * FROM by_hand", columns=[Column("day", Integer)])
    (result,) = refresh_now(engine, [over])
    assert (result.outcome, result.data_at) == ("refreshed", None)
    with Session(engine) as session:
        assert freshness(session, over) == Freshness(None, None, 15 * MINUTE)
    assert [one.outcome for one in refresh_due(engine, [over])] == ["not due"]


def test_prometheus_gets_the_moment_of_the_data_the_seconds_and_the_failures(shop: Shop, engine: Engine) -> None:
    registry = CollectorRegistry()
    metrics = RefreshMetrics(registry)
    RefreshMetrics(registry)  # one registry, the same metrics
    results = refresh_now(engine, shop.metadata, metrics=metrics)
    assert results[0].data_at is not None

    def value(name: str, view: str = "days") -> float | None:
        return registry.get_sample_value(f"pgwright_materialized_{name}", {"view": view})

    assert value("data_timestamp_seconds") == results[0].data_at.timestamp()
    assert (value("refresh_seconds_count"), value("refresh_failures_total")) == (1.0, 0.0)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX uq_days")
    refresh_due(engine, shop.metadata, metrics=metrics)
    assert value("refresh_failures_total") == 1.0
    assert results[0].data_at < datetime.now(UTC) + MINUTE
