"""Views on a real server: refreshed when due, in order, by one program at a time, while they are read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from alembic.operations import Operations
from sqlalchemy import Column, Date, Engine, Integer, create_engine, select
from sqlalchemy.ext.asyncio import create_async_engine

from pgwright_runtime.materialized import (
    MaterializedView,
    RefreshFailed,
    RefreshResult,
    RefreshTimeouts,
    raise_failures,
    refresh_due,
    refresh_now,
)
from runtime.tests.support.materialized_shop import AN_HOUR_AGO, Shop, configured, engine_of, sell
from tests.support.database import Database


@pytest.fixture
def engine(database: Database) -> Iterator[Engine]:
    with engine_of(database) as engine:
        yield engine


@pytest.fixture
def shop(engine: Engine) -> Shop:
    shop = Shop()
    shop.create(engine)
    return shop


def outcomes(results: list[RefreshResult]) -> list[tuple[str, str]]:
    return [(result.view, result.outcome) for result in results]


def total(database: Database, view: str) -> object:
    return database.rows(f"SELECT sum(total) FROM {view}")[0][0]


def execute(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)


def columns() -> list[Column[Any]]:
    return [Column("day", Date), Column("total", Integer)]


def made(engine: Engine, shop: Shop, name: str, query: str) -> MaterializedView:
    """Return a view that was made by hand."""
    execute(engine, f"CREATE MATERIALIZED VIEW {name} AS {query}")
    execute(engine, f"CREATE UNIQUE INDEX ON {name} (day)")
    return shop.view(name, query, columns=columns())


def test_a_view_is_refreshed_when_due_and_each_after_what_it_reads(
    shop: Shop, engine: Engine, database: Database
) -> None:
    # Made before the orders; of `months` the moment of its data is known from its first refresh on.
    assert outcomes(refresh_due(engine, shop.metadata)) == [("days", "not due"), ("months", "refreshed")]
    assert total(database, "months") is None
    execute(engine, AN_HOUR_AGO)
    assert outcomes(refresh_due(engine, [shop.months, shop.days])) == [("days", "refreshed"), ("months", "refreshed")]
    assert total(database, "months") == total(database, "days") == 1000
    assert outcomes(refresh_due(engine, shop.metadata)) == [("days", "not due"), ("months", "not due")]
    assert outcomes(refresh_now(engine, [shop.days])) == [("days", "refreshed")]


async def test_an_async_engine_does_the_same(shop: Shop, engine: Engine, database: Database) -> None:
    execute(engine, AN_HOUR_AGO)
    async_engine = create_async_engine(database.url("asyncpg"), pool_size=1, max_overflow=0)
    results = await refresh_due(async_engine, shop.metadata)
    assert outcomes(results) == [("days", "refreshed"), ("months", "refreshed")]
    assert results[0].data_at == results[1].data_at is not None
    assert outcomes(await refresh_now(async_engine, [shop.months])) == [("months", "refreshed")]
    await async_engine.dispose()


def test_a_view_is_due_after_every_by_the_servers_clock_and_when_that_was_set_back(shop: Shop, engine: Engine) -> None:
    refresh_now(engine, shop.metadata)
    for refreshed, is_due in (("- interval '4 min'", False), ("- interval '6 min'", True), ("+ interval '1 h'", True)):
        execute(engine, f"UPDATE pgwright_refreshes SET refreshed_at = now() {refreshed}")
        expected = "refreshed" if is_due else "not due"
        assert outcomes(refresh_due(engine, [shop.days])) == [("days", expected)], refreshed


def test_readers_never_wait_and_see_the_old_data_until_the_commit(
    shop: Shop, engine: Engine, database: Database
) -> None:
    refresh_now(engine, shop.metadata)
    # Its last statement, which records the moment, has to wait.
    with psycopg.connect(database.dsn) as gate:
        gate.execute("LOCK TABLE pgwright_refreshes IN SHARE MODE")
        with engine.begin() as connection:
            sell(connection, 7)
        found: list[RefreshResult] = []
        thread = threading.Thread(target=lambda: found.extend(refresh_now(engine, [shop.days])))
        thread.start()
        waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while database.rows(waits) != [(1,)]:
            pass
        # The new data are written, all locks of the refresh are held.
        locks = "SELECT mode FROM pg_locks WHERE relation = 'days'::regclass AND mode LIKE '%Exclusive%' ORDER BY 1"
        assert ("ExclusiveLock",) in database.rows(locks)
        assert ("AccessExclusiveLock",) not in database.rows(locks)
        with psycopg.connect(database.dsn) as reader:
            reader.execute("SET lock_timeout = '1ms'")
            assert reader.execute("SELECT sum(total) FROM days").fetchone() == (1000,)
        assert outcomes(refresh_now(engine, [shop.days, shop.months])) == [
            ("days", "refreshed elsewhere"),
            ("months", "source not refreshed"),
        ]
    thread.join()
    assert outcomes(found) == [("days", "refreshed")]
    assert total(database, "days") == 1070


def test_of_many_at_once_one_refreshes(shop: Shop, engine: Engine, database: Database) -> None:
    refresh_now(engine, shop.metadata)
    execute(engine, AN_HOUR_AGO)
    barrier, found = threading.Barrier(5), list[tuple[str, str]]()

    def refresh() -> None:
        barrier.wait()
        found.extend(outcomes(refresh_due(engine, [shop.days])))

    threads = [threading.Thread(target=refresh) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(("days", "refreshed")) == 1
    assert {outcome for _, outcome in found} <= {"refreshed", "refreshed elsewhere", "not due"}


def test_a_refresh_that_is_killed_leaves_data_and_moment_and_the_others_go_on(
    shop: Shop, engine: Engine, database: Database
) -> None:
    refresh_now(engine, shop.metadata)
    slow = made(engine, shop, "slow", "SELECT day, 1 AS total FROM orders GROUP BY day")
    refresh_now(engine, [slow])
    before = database.rows("SELECT * FROM pgwright_refreshes WHERE view_name = 'slow'"), total(database, "slow")
    with psycopg.connect(database.dsn) as gate:
        gate.execute("SELECT * FROM pgwright_refreshes WHERE view_name = 'slow' FOR UPDATE")
        found: list[RefreshResult] = []
        thread = threading.Thread(target=lambda: found.extend(refresh_now(engine, [slow, shop.days])))
        thread.start()
        waits = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while not (waiting := database.rows(waits)):
            pass
        database.execute(f"SELECT pg_terminate_backend({waiting[0][0]})")
        thread.join()
    assert outcomes(found) == [("slow", "failed"), ("days", "refreshed")]
    after = database.rows("SELECT * FROM pgwright_refreshes WHERE view_name = 'slow'"), total(database, "slow")
    assert after == before
    with pytest.raises(RefreshFailed, match=r"old data stay: slow: "):
        raise_failures(found)


def test_what_reads_a_view_that_failed_is_left_and_the_reason_holds_no_row(shop: Shop, engine: Engine) -> None:
    refresh_now(engine, shop.metadata)
    other = made(engine, shop, "other", "SELECT day, price AS total FROM orders")
    execute(engine, "CREATE VIEW by_a_view AS SELECT * FROM other")
    over = made(engine, shop, "over", "SELECT day, total FROM by_a_view")
    assert outcomes(refresh_now(engine, [over, other])) == [("other", "refreshed"), ("over", "refreshed")]
    with engine.begin() as connection:
        sell(connection, 3)  # two orders of one day
    results = refresh_now(engine, [over, other, shop.days])
    assert outcomes(results) == [("other", "failed"), ("over", "source not refreshed"), ("days", "refreshed")]
    assert "duplicate" in results[0].error
    assert "2026" not in results[0].error


def test_limits_are_those_of_the_refresh(shop: Shop, engine: Engine, database: Database) -> None:
    refresh_now(engine, shop.metadata)
    with psycopg.connect(database.dsn) as other:
        other.execute("REFRESH MATERIALIZED VIEW days")
        (result,) = refresh_now(engine, [shop.days], timeouts=RefreshTimeouts(lock_ms=20))
        assert (result.outcome, "55P03" in result.error) == ("failed", True)
    slow = made(engine, shop, "slow", "SELECT day, pg_sleep(0.5)::text AS total FROM orders LIMIT 1")
    with engine_of(database, connect_args={"options": "-c statement_timeout=400ms"}) as hasty:
        assert refresh_now(hasty, [slow])[0].outcome == "refreshed"
    assert refresh_now(engine, [slow], timeouts=RefreshTimeouts(statement_ms=100))[0].outcome == "failed"


def test_an_engine_that_commits_each_statement_refreshes_in_one_transaction(shop: Shop, database: Database) -> None:
    with engine_of(database, isolation_level="AUTOCOMMIT") as engine:
        (result,) = refresh_now(engine, [shop.days])
        assert result.outcome == "refreshed"
        assert database.rows("SELECT refreshed_at = data_at FROM pgwright_refreshes WHERE view_name = 'days'") == [
            (True,)
        ]


def test_a_view_that_nobody_filled_is_filled(shop: Shop, engine: Engine, database: Database) -> None:
    execute(engine, "REFRESH MATERIALIZED VIEW days WITH NO DATA")
    assert outcomes(refresh_due(engine, [shop.days])) == [("days", "refreshed")]
    assert total(database, "days") == 1000


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("DROP INDEX uq_days", 'Run: CREATE UNIQUE INDEX ON "days" ("day")'),
        ("DROP MATERIALIZED VIEW days CASCADE", "no such materialized view"),
        ("DROP MATERIALIZED VIEW days CASCADE; CREATE VIEW days AS SELECT 1", "no such materialized view"),
        ("DROP TABLE pgwright_refreshes", "last revisions"),
    ],
)
def test_what_is_missing_is_told_with_what_to_do(
    shop: Shop, engine: Engine, database: Database, damage: str, reason: str
) -> None:
    database.execute(damage)
    (result,) = refresh_now(engine, [shop.days])
    assert (result.outcome, reason in result.error) == ("failed", True), result.error


def test_a_role_that_does_not_own_the_view_is_told(shop: Shop, engine: Engine, database: Database) -> None:
    role = f"app_{database.name}"
    execute(engine, f"CREATE ROLE {role}; GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {role}")
    with engine_of(database, connect_args={"options": f"-c role={role}"}) as app:
        (result,) = refresh_now(app, [shop.days])
    execute(engine, f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert "Connect as the owner" in result.error


def test_a_server_that_is_gone_fails_each_view() -> None:
    shop, engine = Shop(), create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nowhere")
    assert outcomes(refresh_due(engine, shop.metadata)) == [("days", "failed"), ("months", "failed")]


def test_awkward_names_are_quoted(engine: Engine, database: Database) -> None:
    shop = Shop()
    odd = shop.view('v"i %d :n', "SELECT 1 AS day, '%d :x' AS total", columns=columns(), schema="Odd %s :x")
    database.execute('CREATE SCHEMA "Odd %s :x"')
    shop.metadata.create_all(engine)
    with engine.begin() as connection:
        operations = Operations(configured(connection))
        for create in ("create_materialized_view", "replace_materialized_view"):
            getattr(operations, create)(odd.name, odd.definition, unique=["day"], schema=odd.schema)
    (result,) = refresh_now(engine, [odd])
    assert (result.outcome, result.error) == ("refreshed", "")
    with engine.connect() as connection:
        assert connection.execute(select(odd.c.total)).scalar_one() == "%d :x"
