"""Whatever way a transaction writes: after its COMMIT nobody gets the old value, and a rollback costs no value."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from pgwright_runtime.caching import row
from pgwright_runtime.tenancy import tenant
from runtime.tests.support.cached_shop import Item, Other, Shelf, Shop, run, until_cached
from tests.support.database import Database

FUNCTIONS = """
CREATE FUNCTION raise_n() RETURNS int LANGUAGE plpgsql AS $$ BEGIN UPDATE item SET n = 2; RETURN 1; END $$;
CREATE FUNCTION raise_by_another() RETURNS int LANGUAGE sql AS $$ SELECT raise_n() $$;
CREATE FUNCTION run_text(command text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE command; END $$;
CREATE FUNCTION atomic() RETURNS void BEGIN ATOMIC UPDATE item SET n = 2; END;
CREATE PROCEDURE raise_by_call() LANGUAGE sql AS $$ UPDATE item SET n = 2 $$;
CREATE VIEW items AS SELECT * FROM item;
"""


def _orm(session: Session) -> None:
    session.get_one(Item, 1).n = 2


def _orm_bulk(session: Session) -> None:
    session.execute(update(Item).where(Item.id == 1).values(n=2))


def _orm_bulk_by_key(session: Session) -> None:
    session.execute(update(Item), [{"id": 1, "n": 2}])


def _orm_merge(session: Session) -> None:
    session.merge(Item(id=1, n=2))


def _orm_deleted_and_added(session: Session) -> None:
    session.delete(session.get_one(Item, 1))
    session.flush()
    session.add(Item(id=1, n=2))


SESSIONS = (_orm, _orm_bulk, _orm_bulk_by_key, _orm_merge, _orm_deleted_and_added)
STATEMENTS = (
    "UPDATE item SET n = 2",
    "WITH done AS (UPDATE public.item SET n = 2 RETURNING *) SELECT count(*) FROM done",
    "DELETE FROM item WHERE id = 1; INSERT INTO item (id, n) VALUES (1, 2)",
    "MERGE INTO item USING (VALUES (1)) v (id) ON v.id = item.id WHEN MATCHED THEN UPDATE SET n = 2",
    "DO $$ BEGIN UPDATE item SET n = 2; END $$",
    "SELECT raise_n()",
    "SELECT raise_by_another()",
    "SELECT run_text('UPDATE item SET n = 2')",
    "SELECT atomic()",
    "CALL raise_by_call()",
    "UPDATE items SET n = 2",
    "PREPARE raising AS UPDATE item SET n = 2; EXECUTE raising; DEALLOCATE raising",
)


@pytest.mark.parametrize("change", SESSIONS)
async def test_what_the_orm_flushes_is_seen_at_once(shop: Shop, change: Callable[[Session], None]) -> None:
    assert await shop.n(1) == 1
    await shop.unit(change)
    assert await shop.n(1) == 2
    assert await shop.n(1) == 2
    assert shop.computed == [(1,), (1,)]


@pytest.mark.parametrize("change", SESSIONS)
async def test_what_is_rolled_back_costs_no_value(shop: Shop, change: Callable[[Session], None]) -> None:
    await shop.n(1)
    await shop.unit(change, commits=False)
    assert await shop.n(1) == 1
    assert shop.computed == [(1,)]


@pytest.mark.parametrize("statement", STATEMENTS)
async def test_what_sql_text_changes_is_seen_at_once(shop: Shop, database: Database, statement: str) -> None:
    database.execute(FUNCTIONS)
    # What is made behind its back, as by a migration, is known within minutes; a DDL statement tells at once.
    await shop.execute(lambda connection: connection.exec_driver_sql("COMMENT ON TABLE other IS 'x'"))
    await shop.execute(lambda connection: connection.execute(text("CREATE SCHEMA seen")))
    assert await shop.n(1) == 1

    def change(connection: Connection) -> None:
        for part in statement.split("; ") if "$$" not in statement else [statement]:
            connection.exec_driver_sql(part)

    await shop.execute(change)
    assert await shop.n(1) == 2


async def test_core_statements_count_too(shop: Shop) -> None:
    for value, statement in enumerate(
        (
            update(Item).values(n=2),
            upsert(Item).values(id=1, n=0).on_conflict_do_update(index_elements=["id"], set_={"n": 3}),
            select(update(Item).values(n=4).returning(Item.n).cte("done").c.n),
        ),
        start=2,
    ):
        await shop.n(1)
        await shop.execute(lambda connection, statement=statement: connection.execute(statement))  # type: ignore[misc]
        assert await shop.n(1) == value
    await shop.execute(lambda connection: connection.execute(delete(Item)))
    assert await shop.n(1) is None
    await shop.execute(lambda connection: connection.execute(insert(Item), [{"id": 1, "n": 5}, {"id": 3, "n": 5}]))
    assert await shop.n(1) == 5


async def test_a_write_to_another_table_leaves_the_value(shop: Shop) -> None:
    await shop.n(1)
    await shop.unit(lambda session: session.add(Other(id=1)))
    await shop.n(1)
    assert shop.computed == [(1,)]


async def test_a_write_to_another_row_leaves_the_value_of_this_one(shop: Shop) -> None:
    one = shop.cached(shop.read_n, reads=[row(Item, by="key")])
    for key in (1, 2, 3):
        await one(key)
    shop.computed.clear()
    await shop.unit(_orm)
    assert [await one(key) for key in (1, 2, 3)] == [2, 1, None]
    assert shop.computed == [(1,)]
    await shop.execute(lambda connection: connection.execute(update(Item).values(n=3)))
    assert [await one(key) for key in (1, 2, 3)] == [3, 3, None]


async def test_in_autocommit_each_statement_counts(shop: Shop) -> None:
    await shop.n(1)

    def change(connection: Connection) -> None:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(update(Item).values(n=2))

    await shop.execute(change, commits=False)
    assert await shop.n(1) == 2


async def test_a_commit_by_sql_text_counts(shop: Shop) -> None:
    await shop.n(1)

    def change(connection: Connection) -> None:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        for each in ("BEGIN", "UPDATE item SET n = 2", "COMMIT"):
            connection.exec_driver_sql(each)

    await shop.execute(change, commits=False)
    assert await shop.n(1) == 2


async def test_a_savepoint_that_is_rolled_back_costs_no_value_and_one_that_is_kept_counts(shop: Shop) -> None:
    await shop.n(1)

    def undone(connection: Connection) -> None:
        with connection.begin_nested() as savepoint:
            connection.execute(update(Item).values(n=2))
            savepoint.rollback()

    await shop.execute(undone)
    assert await shop.n(1) == 1
    assert shop.computed == [(1,)]

    def kept(connection: Connection) -> None:
        with connection.begin_nested():
            connection.execute(update(Item).values(n=2))
        with connection.begin_nested() as savepoint:
            connection.execute(update(Item).values(n=3))
            savepoint.rollback()

    await shop.execute(kept)
    assert await shop.n(1) == 2


async def test_what_follows_from_a_write_counts_as_written(shop: Shop) -> None:
    await shop.n(1)
    await shop.execute(lambda connection: connection.execute(delete(Shelf)))
    assert await shop.n(1) is None


async def test_what_a_trigger_writes_is_read_off_its_code(shop: Shop, database: Database) -> None:
    database.execute("""
        CREATE FUNCTION count_others() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN UPDATE item SET n = n + 1; RETURN NULL; END $$;
        CREATE TRIGGER counts AFTER INSERT ON other EXECUTE FUNCTION count_others()
    """)
    await shop.execute(lambda connection: connection.exec_driver_sql("CREATE SCHEMA seen"))
    assert await shop.n(1) == 1
    await shop.unit(lambda session: session.add(Other(id=1)))
    assert await shop.n(1) == 2


async def test_a_trigger_that_only_changes_its_row_costs_no_other_value(shop: Shop, database: Database) -> None:
    database.execute("""
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN NEW.id := NEW.id + 1; RETURN NEW; END $$;
        CREATE TRIGGER touches BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION touch()
    """)
    await shop.execute(lambda connection: connection.exec_driver_sql("CREATE SCHEMA seen"))
    await shop.n(1)
    shop.computed.clear()
    await shop.unit(lambda session: session.add(Other(id=1)))
    await shop.n(1)
    assert not shop.computed


async def test_values_of_views_hang_on_the_tables_below(shop: Shop, database: Database) -> None:
    database.execute("CREATE VIEW half AS SELECT id, n FROM item; CREATE VIEW twice AS SELECT id, 2 * n AS n FROM half")
    await shop.execute(lambda connection: connection.exec_driver_sql("CREATE SCHEMA seen"))

    async def total() -> int:
        async with shop.session() as session:
            return int(await run(session, lambda own: own.scalar(text("SELECT sum(n) FROM twice"))))

    cached = shop.cached(total, reads=["public.twice"])
    await until_cached(cached, shop.computed)
    await shop.unit(_orm)
    assert await cached() == 6


async def test_one_tenants_write_leaves_the_values_of_the_others(shop: Shop) -> None:
    for own in ("a", "b"):
        with tenant(own):
            await shop.n(1)
    await shop.n(1)
    shop.computed.clear()
    with tenant("a"):
        await shop.unit(_orm)
    for own, computed in (("a", 1), ("b", 0)):
        with tenant(own):
            await shop.n(1)
            assert len(shop.computed) == computed
            shop.computed.clear()
    # Who works for no tenant sees, and changes, the rows of all.
    assert await shop.n(1) == 2
    assert len(shop.computed) == 1
    await shop.execute(lambda connection: connection.execute(update(Item).values(n=7)))
    with tenant("b"):
        assert await shop.n(1) == 7


async def test_what_the_driver_does_alone_can_be_told(shop: Shop, database: Database) -> None:
    await shop.n(1)
    database.execute("UPDATE item SET n = 2")
    assert await shop.n(1) == 1
    await shop.cache.ainvalidate(Item)
    assert await shop.n(1) == 2
