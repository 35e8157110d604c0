"""What other programs write to a table with a trigger is heard, and what cannot be heard is not cached."""

from __future__ import annotations

import asyncio

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, create_engine, text

from pgwright_runtime.caching import alembic as cache_triggers
from pgwright_runtime.caching.statements import CHANNEL
from runtime.tests.support.cached_shop import Item, Shop, until_cached
from tests.support.database import Database

assert cache_triggers.operations


def _operate(database: Database, name: str, *arguments: str, **options: str) -> None:
    engine = create_engine(database.url("psycopg"))
    with engine.begin() as connection:
        getattr(Operations(MigrationContext.configure(connection)), name)(*arguments, **options)
    engine.dispose()


async def _until(shop: Shop, value: int) -> None:
    for _ in range(500):
        if await shop.n(1) == value:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"it is still {await shop.n(1)}")


async def test_what_others_write_is_heard_soon(shop: Shop, database: Database) -> None:
    _operate(database, "create_cache_trigger", "item")
    shop.cache.listen(shop.engine, Item)
    await until_cached(shop.n, shop.computed, 1)
    for value, statement in ((2, "UPDATE item SET n = 2"), (3, "DELETE FROM item; INSERT INTO item VALUES (1, 3)")):
        database.execute(statement)
        await _until(shop, value)
        await until_cached(shop.n, shop.computed, 1)


async def test_while_the_connection_is_lost_nothing_is_cached_and_then_all_is_read_anew(
    shop: Shop, database: Database
) -> None:
    _operate(database, "create_cache_trigger", "item")
    shop.cache.listen(shop.engine, Item)
    await until_cached(shop.n, shop.computed, 1)
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
        f"pg_backend_pid() AND query IN ('SELECT 1', 'LISTEN \"{CHANNEL}\"', 'LISTEN {CHANNEL}')"
    )
    database.execute("UPDATE item SET n = 2")
    await _until(shop, 2)
    await until_cached(shop.n, shop.computed, 1)
    database.execute("UPDATE item SET n = 3")
    await _until(shop, 3)


async def test_the_apps_own_writes_are_seen_at_once_all_the_same(shop: Shop, database: Database) -> None:
    _operate(database, "create_cache_trigger", "item")
    shop.cache.listen(shop.engine, Item)
    await until_cached(shop.n, shop.computed, 1)
    for value in range(2, 12):

        def change(connection: Connection, value: int = value) -> None:
            connection.execute(text("UPDATE item SET n = :n"), {"n": value})

        await shop.execute(change)
        assert await shop.n(1) == value


def test_a_trigger_is_made_and_dropped_under_any_name(database: Database) -> None:
    database.execute('CREATE SCHEMA "a b"; CREATE TABLE "a b"."c""d" (id int); CREATE TABLE "a b".e (id int)')
    for table in ('c"d', "e"):
        _operate(database, "create_cache_trigger", table, schema="a b")
    assert len(database.rows("SELECT FROM pg_trigger WHERE tgname = 'pgwright_cache'")) == 2
    for table in ('c"d', "e"):
        _operate(database, "drop_cache_trigger", table, schema="a b")
    assert not database.rows("SELECT FROM pg_trigger WHERE tgname = 'pgwright_cache'")
