"""Materialized views as Alembic operations: there and back, offline, found by autogenerate, swapped with dependants."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, func, select

from pgwright_runtime.materialized import refresh_now
from runtime.tests.support.materialized_shop import Shop, configured, engine_of, migrate, revision, run, sell
from tests.support.database import Database

CATALOG = """
    SELECT c.relname, c.relkind, c.relispopulated, pg_get_viewdef(c.oid), c.reloptions::text, c.relacl::text,
        obj_description(c.oid, 'pg_class')
    FROM pg_class c WHERE c.relkind IN ('m', 'v') AND c.relnamespace = 'public'::regnamespace
        AND NOT starts_with(c.relname, 'pg_stat')
    UNION ALL
    SELECT indexname, 'i', true, indexdef, NULL, NULL, NULL FROM pg_indexes WHERE schemaname = 'public'
    ORDER BY 1
"""


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with engine_of(database) as engine, engine.connect() as connection:
        yield connection


def catalog(connection: Connection) -> list[Any]:
    found = list(connection.exec_driver_sql(CATALOG))
    connection.commit()
    return found


def changed_shop() -> Shop:
    """Whose days have another column, and whose months are as they were."""
    shop = Shop()
    shop.metadata.info.clear()
    orders = shop.orders
    total = func.sum(orders.c.price)
    query = select(orders.c.day, total.label("total"), func.count().label("orders")).group_by(orders.c.day)
    shop.days = shop.view("days", query)
    month = func.date_trunc("month", shop.days.c.day).label("day")
    shop.months = shop.view("months", select(month, func.sum(shop.days.c.total).label("total")).group_by(month))
    return shop


def test_up_down_and_up_again_gives_the_same_catalog(connection: Connection) -> None:
    shop, empty = Shop(), catalog(connection)
    up, down = migrate(connection, shop.metadata)
    first = catalog(connection)
    assert up.index("'orders'") < up.index("create_materialized_view") < up.rindex("create_materialized_view")
    assert compare_metadata(configured(connection), shop.metadata) == []
    run(connection, down)
    assert catalog(connection) == empty
    run(connection, up)
    assert catalog(connection) == first


DEPENDANTS = (
    "CREATE VIEW of_tenant WITH (security_barrier) AS SELECT * FROM days WHERE total > 0",
    "CREATE VIEW over_that AS SELECT * FROM of_tenant",
    "CREATE INDEX by_total ON days (total DESC) WHERE total > 1",
    "GRANT SELECT ON days, of_tenant TO PUBLIC",
    "COMMENT ON MATERIALIZED VIEW days IS 'It''s a figure'",
    "ALTER MATERIALIZED VIEW days SET (fillfactor = 90)",
)


def test_a_changed_view_is_built_beside_and_swapped_with_all_that_hangs_on_it(connection: Connection) -> None:
    old, new = Shop(), changed_shop()
    migrate(connection, old.metadata)
    sell(connection, 10)
    for statement in DEPENDANTS:
        connection.exec_driver_sql(statement)
    before = catalog(connection)
    up, down = migrate(connection, new.metadata)
    # What reads it is made anew as well, or it would go on reading the old one.
    replaced = [line.strip() for line in up.splitlines() if line.strip() in ("'days',", "'months',")]
    assert replaced == ["'days',", "'months',"]
    assert compare_metadata(configured(connection), new.metadata) == []
    after = catalog(connection)
    assert [row[0] for row in after] == [row[0] for row in before]
    kept = {row[0]: row for row in before if row[0] != "days"}
    assert {row[0]: row for row in after if row[0] != "days"} == kept
    (days,) = [row for row in after if row[0] == "days"]
    assert days[4:] == next(row for row in before if row[0] == "days")[4:]
    assert connection.exec_driver_sql("SELECT sum(orders) FROM days").scalar() == 10
    assert connection.exec_driver_sql("SELECT sum(total) FROM over_that").scalar() == 100
    assert {result.outcome for result in refresh_now(connection.engine, new.metadata)} == {"refreshed"}
    run(connection, down)
    assert catalog(connection) == before
    assert compare_metadata(configured(connection), old.metadata) == []


def test_the_swap_waits_shortly_lets_readers_pass_and_tries_again(connection: Connection, database: Database) -> None:
    migrate(connection, Shop().metadata)
    new = changed_shop()
    up, _ = revision(connection, new.metadata)
    connection.rollback()
    thread = threading.Thread(target=lambda: run(connection, up))
    with psycopg.connect(database.dsn) as reader:
        reader.execute("SELECT * FROM days")  # in a transaction that stays open
        thread.start()
        while database.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'") != [(1,)]:
            pass
        assert database.rows("SELECT count(*) FROM days") == [(0,)]
    thread.join()
    assert compare_metadata(configured(connection), new.metadata) == []


def test_what_is_no_longer_declared_goes_before_its_tables_and_comes_back(connection: Connection) -> None:
    shop = Shop()
    migrate(connection, shop.metadata)
    connection.exec_driver_sql("CREATE MATERIALIZED VIEW of_somebody AS SELECT 1 AS one")
    before = catalog(connection)
    gone = Shop()
    gone.metadata.info.clear()
    gone.metadata.remove(gone.orders)
    up, down = revision(connection, gone.metadata)
    assert up.index("'months'") < up.index("'days'") < up.index("drop_table")
    run(connection, up)
    assert [row[0] for row in catalog(connection) if row[1] == "m"] == ["of_somebody"]
    run(connection, down)
    assert catalog(connection) == before


def test_a_view_that_stops_reading_one_that_goes_is_replaced_before(connection: Connection) -> None:
    migrate(connection, Shop().metadata)
    before = catalog(connection)
    new = Shop()
    new.metadata.info.clear()
    month = func.date_trunc("month", new.orders.c.day).label("day")
    new.view("months", select(month, func.sum(new.orders.c.price).label("total")).group_by(month))
    up, down = migrate(connection, new.metadata)
    assert up.index("replace_materialized_view") < up.index("drop_materialized_view('days')")
    run(connection, down)
    assert catalog(connection) == before


def test_only_a_missing_unique_index_is_made_without_a_build(connection: Connection) -> None:
    migrate(connection, Shop().metadata)
    other = Shop()
    other.metadata.info.clear()
    other.view("days", other.days.definition, columns=[*map(_copy, other.days.c)], unique=["day", "total"])
    other.view("months", other.months.definition, columns=[*map(_copy, other.months.c)])
    up, down = migrate(connection, other.metadata)
    assert "materialized_view" not in up
    assert compare_metadata(configured(connection), other.metadata) == []
    run(connection, down)
    assert compare_metadata(configured(connection), Shop().metadata) == []


def _copy(column: Any) -> Any:
    return type(column)(column.name, column.type)


def test_the_operations_print_their_sql_offline() -> None:
    printed = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": printed})
    operations: Any = Operations(context)
    operations.create_materialized_view("days", "SELECT 1 AS day, '50%' AS share", unique=["day"])
    operations.replace_materialized_view("days", "SELECT 2 AS day", unique=["day"])
    operations.drop_materialized_view("days")
    said = printed.getvalue()
    assert "'50%' AS share" in said
    assert "OLD_RELATION" not in said
    assert said.count("DO $pgwright$") == 2


# Read once more, it has a cast in another place.
ODD = "SELECT day, count(*) AS n FROM orders WHERE day::varchar(9) IN ('a', 'b'::varchar(3)) GROUP BY day"


def test_a_query_as_the_server_wrote_it_is_the_same_and_the_order_of_declarations_is_no_matter(
    connection: Connection,
) -> None:
    shop = Shop()
    shop.view("odd", ODD, columns=[_copy(shop.days.c.day)])
    migrate(connection, shop.metadata)
    queries = {name: f"SELECT pg_get_viewdef('{name}'::regclass)" for name in ("odd", "months", "days")}
    copied = Shop()
    copied.metadata.info.clear()
    for name, query in queries.items():
        written = connection.exec_driver_sql(query).scalar_one()
        copied.view(name, written, columns=[*map(_copy, shop.days.c)])
    assert compare_metadata(configured(connection), copied.metadata) == []
    copied.metadata.info["materialized_views"]["days"].definition += " HAVING true"
    replaced = [difference[2] for difference in compare_metadata(configured(connection), copied.metadata)]
    assert replaced == ["days", "months"]


def test_where_no_schema_is_compared_nothing_is_asked(connection: Connection) -> None:
    options = {"include_schemas": True, "include_name": lambda name, kind, _: kind != "schema"}
    found = compare_metadata(MigrationContext.configure(connection, opts=options), Shop().metadata)
    assert {difference[0] for difference in found} == {"add_table"}


def test_what_env_py_leaves_out_is_left(connection: Connection) -> None:
    migrate(connection, Shop().metadata)
    options = {"include_name": lambda name, kind, _: name not in ("days", "months")}
    context = MigrationContext.configure(connection, opts=options)
    for shop in (Shop(), changed_shop()):
        assert compare_metadata(context, shop.metadata) == []


def test_long_names_stay_apart(connection: Connection) -> None:
    shop = Shop()
    for ending in "ab":
        shop.view("v" * 62 + ending, "SELECT 1 AS day", columns=[_copy(shop.days.c.day)])
    migrate(connection, shop.metadata)
    assert compare_metadata(configured(connection), shop.metadata) == []
    assert len([row for row in catalog(connection) if row[0].startswith("uq_v")]) == 2
