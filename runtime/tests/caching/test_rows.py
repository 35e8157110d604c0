"""A function that reads one row by its key keeps its value while others are written, and never while its own may be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from enum import IntEnum
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    Uuid,
    bindparam,
    create_engine,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from pgwright_runtime.caching import Cache, MemoryStore, Store, row
from pgwright_runtime.caching.reading import Writes
from pgwright_runtime.caching.transactions import Transaction
from pgwright_runtime.tenancy import tenant
from runtime.tests.support.cached_shop import Animal, Dog, Item, Other, Parcel, Shelf, Shop, make_tables, run
from tests.support.database import Database
from tests.support.postgres import run_postgres

# 9 is not there, and what the server numbers next is 3.
KEYS = (1, 2, 3, 9)
ALL = set(KEYS)
Read = Callable[[Any], Awaitable[Any]]
Change = Callable[[Session], object]


@pytest.fixture
def store() -> Store:
    return MemoryStore()


@pytest.fixture
def one(shop: Shop, database: Database) -> Read:
    database.execute("SELECT setval('item_id_seq', 2)")
    return shop.cached(shop.read_n, reads=[row(Item, by="key")])


async def _written(shop: Shop, one: Read, change: Change, *, commits: bool = True) -> set[int]:
    """Return the keys whose values are computed anew after a change, which are those that the database has."""
    for key in KEYS:
        await one(key)
    await shop.unit(change, commits=commits)
    found: set[int] = set()
    for key in KEYS:
        shop.computed.clear()
        value = await one(key)
        assert value == await shop.read_n(key)
        found.update(each for (each,) in shop.computed)
    return found


def _run(*statements: Any) -> Change:
    def change(session: Session) -> None:
        for statement in statements:
            own = session.connection()
            own.exec_driver_sql(statement) if isinstance(statement, str) else own.execute(statement)

    return change


def _orm(session: Session) -> None:
    session.get_one(Item, 1).n = 7


def _orm_two(session: Session) -> None:
    for item in session.scalars(select(Item)):
        item.n += 1


def _orm_deleted(session: Session) -> None:
    session.delete(session.get_one(Item, 2))


def _orm_key_changed(session: Session) -> None:
    session.get_one(Item, 1).id = 9


def _savepoints(session: Session) -> None:
    session.execute(update(Item).where(Item.id == 1).values(n=7))
    with session.begin_nested() as savepoint:
        session.execute(update(Item).where(Item.n == 1).values(n=8))
        savepoint.rollback()
    with session.begin_nested():
        session.execute(update(Item).where(Item.id == 9).values(n=8))


class _Key(IntEnum):
    ONE = 1


_UPDATE = update(Item).values(n=7)
_BOUND = _UPDATE.where(Item.id == bindparam("key"))
WRITTEN: dict[str, tuple[Change, set[int]]] = {
    "unit of work": (_orm, {1}),
    "unit of work, two rows": (_orm_two, {1, 2}),
    "unit of work, delete": (_orm_deleted, {2}),
    "unit of work, insert": (lambda own: own.add(Item(id=9, n=7)), {9}),
    "unit of work, insert with the server's key": (lambda own: own.add(Item(n=7)), {3}),
    "unit of work, inserts": (lambda own: own.add_all([Item(n=7), Item(n=8)]), {3}),
    "unit of work, inserts with keys": (lambda own: own.add_all([Item(id=9, n=7), Item(id=3, n=8)]), {3, 9}),
    "merge": (lambda own: own.merge(Item(id=1, n=7)), {1}),
    "merge of a new row": (lambda own: own.merge(Item(id=9, n=7)), {9}),
    "bulk update": (lambda own: own.execute(_UPDATE.where(Item.id == 1)), {1}),
    "bulk update by key": (lambda own: own.execute(update(Item), [{"id": 1, "n": 7}, {"id": 2, "n": 7}]), {1, 2}),
    "bulk update of other columns, too": (lambda own: own.execute(_UPDATE.where(Item.n == 1, Item.id == 2)), {2}),
    "bulk update of some": (lambda own: own.execute(_UPDATE.where(Item.id.in_([2, 9]))), {2, 9}),
    "bulk update of what it returns": (
        lambda own: own.execute(_UPDATE.where(Item.shelf_id == 1), execution_options={"synchronize_session": "fetch"}),
        {1},
    ),
    "bulk delete": (lambda own: own.execute(delete(Item).where(Item.id == 2)), {2}),
    "bulk insert": (lambda own: own.execute(insert(Item), [{"n": 7}, {"n": 8}]), ALL),
    "bulk insert, returned": (lambda own: own.scalars(insert(Item).returning(Item), [{"n": 7}]).all(), {3}),
    "Core": (_run(update(Item.__table__).where(Item.id == 1).values(n=7)), {1}),  # type: ignore[arg-type]
    "Core, many": (lambda own: own.connection().execute(_BOUND, [{"key": 1}, {"key": 9}]), {1, 9}),
    "Core, insert": (_run(insert(Item).values(id=9, n=7)), {9}),
    "Core, inserts": (_run(insert(Item).values([{"id": 9, "n": 7}, {"id": 3, "n": 7}])), {3, 9}),
    "upsert": (
        _run(upsert(Item).values(id=1, n=7).on_conflict_do_update(index_elements=["id"], set_={"n": 7})),
        {1},
    ),
    "upsert of nothing": (_run(upsert(Item).values(id=1, n=7).on_conflict_do_nothing()), {1}),
    "text": (lambda own: own.execute(text("UPDATE item SET n = 7 WHERE id = :id"), {"id": 1}), {1}),
    "the driver's text": (_run("DELETE FROM public.item WHERE id = 1"), {1}),
    "savepoints": (_savepoints, {1, 9}),
    # What may be any row.
    "unit of work, key changed": (_orm_key_changed, ALL),
    "by another column": (_run(_UPDATE.where(Item.n == 1)), ALL),
    "either": (_run(_UPDATE.where((Item.id == 1) | (Item.n == 1))), ALL),
    "all": (_run(_UPDATE), ALL),
    "with another table": (_run(_UPDATE.where(Item.id == Shelf.id, Shelf.id == 1)), ALL),
    "key of another type": (
        lambda own: own.execute(text("UPDATE item SET n = 7 WHERE id = CAST(:id AS int)"), {"id": 1}),
        ALL,
    ),
    "member of an enum": (_run(_UPDATE.where(Item.id == _Key.ONE)), ALL),
    "computed key": (_run(_UPDATE.where(Item.id == func.abs(-1))), ALL),
    "more than a hundred": (_run(_UPDATE.where(Item.id.in_(range(101)))), ALL),
    "key changed": (_run(update(Item).where(Item.id == 1).values(id=9)), ALL),
    "upsert on another key": (
        _run(
            "CREATE UNIQUE INDEX ON item (shelf_id)",
            "INSERT INTO item (id, n, shelf_id) VALUES (9, 7, 1) ON CONFLICT (shelf_id) DO UPDATE SET n = 7",
        ),
        ALL,
    ),
    "CTE": (_run("WITH gone AS (DELETE FROM item WHERE id = 2) UPDATE item SET n = 7 WHERE id = 1"), ALL),
    "MERGE": (
        _run("MERGE INTO item USING shelf ON shelf.id = item.id WHEN MATCHED THEN UPDATE SET n = 7"),
        ALL,
    ),
    "TRUNCATE": (_run("TRUNCATE item"), ALL),
    "DO": (_run("DO $$ BEGIN UPDATE item SET n = 7 WHERE id = 1; END $$"), ALL),
    "cascade": (lambda own: own.execute(delete(Shelf).where(Shelf.id == 1)), ALL),
}


@pytest.mark.parametrize("way", WRITTEN)
async def test_a_write_makes_values_of_the_rows_invalid_that_it_may_change(shop: Shop, one: Read, way: str) -> None:
    change, written = WRITTEN[way]
    assert await _written(shop, one, change) == written


@pytest.mark.parametrize("way", ["unit of work", "unit of work, inserts", "all"])
async def test_what_is_rolled_back_costs_no_value(shop: Shop, one: Read, way: str) -> None:
    assert not await _written(shop, one, WRITTEN[way][0], commits=False)


async def test_what_reads_the_whole_table_hears_of_each_row(shop: Shop, one: Read) -> None:
    await shop.n(2)
    assert await _written(shop, one, _orm) == {1}
    shop.computed.clear()
    await shop.n(2)
    assert shop.computed == [(2,)]


async def test_what_a_write_of_a_known_row_sets_off_may_change_any(shop: Shop, one: Read, database: Database) -> None:
    database.execute("""
        CREATE FUNCTION level() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN UPDATE item SET n = NEW.n WHERE n <> NEW.n; RETURN NULL; END $$;
        CREATE TRIGGER levels AFTER UPDATE ON item FOR EACH ROW EXECUTE FUNCTION level();
    """)
    await _see(shop)
    assert await _written(shop, one, _orm) == ALL


async def test_a_function_that_a_write_of_a_known_row_calls_may_change_any(
    shop: Shop, one: Read, database: Database
) -> None:
    database.execute("""
        CREATE FUNCTION level(own int) RETURNS int LANGUAGE sql AS $$
            UPDATE item SET n = 7 WHERE id <> own RETURNING n $$
    """)
    await _see(shop)
    assert await _written(shop, one, _run("UPDATE item SET n = level(1) WHERE id = 1")) == ALL


@pytest.mark.parametrize(
    ("assignment", "written"),
    [("NEW.n := NEW.n + 1;", {9}), ("NEW.id := NEW.id + 1;", ALL), ("NEW := ROW(3, 7, NULL::int);", ALL)],
)
async def test_a_trigger_that_may_give_a_row_another_key_is_seen(
    shop: Shop, one: Read, database: Database, assignment: str, written: set[int]
) -> None:
    database.execute(f"""
        CREATE FUNCTION shape() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {assignment} RETURN NEW; END $$;
        CREATE TRIGGER shapes BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION shape();
    """)
    await _see(shop)
    assert await _written(shop, one, WRITTEN["unit of work, insert"][0]) == written


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE item ADD CHECK (n < 9), DROP CONSTRAINT item_pkey, ADD PRIMARY KEY (id, n)",
        "CREATE SCHEMA other; CREATE TABLE other.item (id text PRIMARY KEY)",
        "ALTER TABLE item ADD again int REFERENCES item ON DELETE CASCADE",
        "UPDATE item SET n = id; ALTER TABLE item DROP id, ADD id int GENERATED ALWAYS AS (n) STORED PRIMARY KEY",
        "CREATE TABLE more () INHERITS (item)",
    ],
)
async def test_where_the_catalogs_know_no_such_key_the_table_counts(
    shop: Shop, one: Read, database: Database, statement: str
) -> None:
    database.execute(statement)
    await _see(shop)
    assert await _written(shop, one, _run("UPDATE item SET n = 7 WHERE id = 1")) == ALL


async def test_a_view_is_read_whole(shop: Shop, database: Database) -> None:
    database.execute("CREATE VIEW items AS SELECT * FROM item")
    await _see(shop)
    one = shop.cached(shop.read_n, reads=[row("items", by="key")])
    assert await _written(shop, one, _run("UPDATE items SET n = 7 WHERE id = 1")) == ALL
    assert await _written(shop, one, _orm_two) == ALL


async def test_a_row_beside_a_view_of_its_table_is_read_whole(shop: Shop, database: Database) -> None:
    database.execute("CREATE VIEW items AS SELECT * FROM item")
    await _see(shop)
    one = shop.cached(shop.read_n, reads=[row(Item, by="key"), "items"])
    assert await _written(shop, one, _orm) == ALL


async def test_other_tables_count_as_ever(shop: Shop) -> None:
    one = shop.cached(shop.read_n, reads=[row(Item, by="key"), Other])
    assert await _written(shop, one, lambda own: own.add(Other(id=1))) == ALL


async def test_in_autocommit_rows_count(shop: Shop, one: Read) -> None:
    def change(connection: Connection) -> None:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(_UPDATE.where(Item.id == 1))

    for key in KEYS:
        await one(key)
    shop.computed.clear()
    await shop.execute(change, commits=False)
    assert [await one(key) for key in KEYS] == [7, 1, None, None]
    assert shop.computed == [(1,)]


def test_with_two_phases_rows_count() -> None:
    with run_postgres({"max_prepared_transactions": "1"}) as server:
        server.create_database("shop")
        database = Database(server, "shop")
        make_tables(database)
        engine, cache, computed = create_engine(database.url("psycopg")), Cache(MemoryStore()), []
        cache.watch(engine)

        @cache.cached(reads=[row(Item, by="key")])
        def one(key: int) -> int | None:
            computed.append(key)
            with Session(engine) as session:
                return session.scalar(select(Item.n).where(Item.id == key))

        assert [one(1), one(2)] == [1, 1]
        with engine.connect() as connection, connection.begin_twophase() as transaction:
            connection.execute(_UPDATE.where(Item.id == 2))
            transaction.prepare()
            assert [one(1), one(2)] == [1, 1]
            transaction.commit()
        assert [one(1), one(2)] == [1, 7]
        assert computed == [1, 2, 2]
        engine.dispose()


def test_of_statements_at_the_same_time_none_is_forgotten() -> None:
    transaction = Transaction(None)
    first, second, third = (transaction.touch(None, Writes(frozenset(["item"]))) for _ in range(3))
    transaction.know(first, frozenset("1"))
    assert None in transaction.touched.values()
    transaction.know(third, frozenset("3"))
    transaction.know(second, frozenset("2"))
    assert list(transaction.touched.values()) == [frozenset("123")]
    transaction.know(transaction.touch(None, Writes(frozenset(["item"]))), None)
    assert list(transaction.touched.values()) == [None]


async def test_rows_are_of_tenants(shop: Shop, one: Read) -> None:
    async def computed_of(name: str | None) -> list[int]:
        shop.computed.clear()
        with tenant(name) if name else nullcontext():
            for key in KEYS:
                await one(key)
        return [key for (key,) in shop.computed]

    for name in ("a", "b", None):
        await computed_of(name)
    with tenant("a"):
        await shop.unit(_orm)
    assert [await computed_of(name) for name in ("a", "b", None)] == [[1], [], [1]]
    await shop.unit(_orm_two)
    assert [await computed_of(name) for name in ("a", "b", None)] == [[1, 2]] * 3


async def test_uuids_are_one_in_whatever_form(shop: Shop) -> None:
    key, another = UUID(int=0xABC), UUID(int=2)

    async def read(key: UUID | str) -> int | None:
        async with shop.session() as session:
            query = select(Parcel.n).where(Parcel.id == UUID(str(key)))
            found: int | None = await run(session, lambda own: own.scalar(query))
            return found

    one = shop.cached(read, reads=[row(Parcel, by="key")])
    forms = (key, str(key), str(key).upper(), f"{{{key}}}", key.hex)
    await shop.unit(lambda own: own.add_all([Parcel(id=key, n=1), Parcel(id=another, n=1)]))
    changes: tuple[Change, ...] = (
        lambda own: own.execute(update(Parcel).where(Parcel.id == key).values(n=2)),
        lambda own: own.execute(text("UPDATE parcel SET n = 3 WHERE id = :id").bindparams(bindparam("id", key, Uuid))),
        lambda own: own.delete(own.get_one(Parcel, key)),
        lambda own: own.add(Parcel(id=key, n=5)),
    )
    for change, value in zip(changes, (2, 3, None, 5), strict=True):
        for form in (*forms, another):
            await one(form)
        shop.computed.clear()
        await shop.unit(change)
        assert [await one(form) for form in forms] == [value] * len(forms)
        await one(another)
        assert len(shop.computed) == len(forms)


@pytest.mark.parametrize("value", ["1", True, None, 1.0, _Key.ONE])
async def test_what_may_be_the_key_in_another_form_is_as_the_whole_table(shop: Shop, value: Any) -> None:
    async def read(key: Any) -> int | None:
        found: int | None = await shop.read_n(int(key or 0))
        return found

    one = shop.cached(read, reads=[row(Item, by="key")], key=lambda key: str(key))
    await one(value)
    await one(value)
    shop.computed.clear()
    await shop.unit(lambda own: own.execute(_UPDATE.where(Item.id == 2)))
    await one(value)
    assert shop.computed == [(value,)]


async def test_a_key_of_the_apps_own_keeps_rows_apart(shop: Shop) -> None:
    one = shop.cached(shop.read_n, reads=[row(Item, by="key")], key=lambda key: "same")
    await shop.unit(lambda own: own.execute(_UPDATE.where(Item.id == 2)))
    assert [await one(1), await one(2), await one(1)] == [1, 7, 1]


async def test_a_model_of_joined_tables_has_one_key(shop: Shop) -> None:
    async def read(key: int) -> str | None:
        async with shop.session() as session:
            query = select(Dog).where(Dog.id == key)
            return str(await run(session, lambda own: [(dog.name, dog.tricks) for dog in own.scalars(query)]))

    await shop.unit(lambda own: own.add_all([Dog(id=key, tricks=0) for key in (1, 2)] + [Animal(id=3)]))
    one = shop.cached(read, reads=[row(Dog, by="key")])

    def named(session: Session) -> None:
        session.get_one(Dog, 1).name = "Rex"

    def taught(session: Session) -> None:
        session.get_one(Dog, 1).tricks = 1

    def gone(session: Session) -> None:
        session.delete(session.get_one(Dog, 1))

    changes: tuple[Change, ...] = (named, taught, gone, lambda own: own.add(Dog(id=1, tricks=2)))
    values = ("[('Rex', 0)]", "[('Rex', 1)]", "[]", "[('', 2)]")
    for change, value in zip(changes, values, strict=True):
        for key in (1, 2, 3):
            await one(key)
        shop.computed.clear()
        await shop.unit(change)
        assert [await one(key) for key in (1, 2, 3)] == [value, "[('', 0)]", "[]"]
        assert shop.computed == [(1,)]


async def test_a_function_around_another_covers_its_row_or_its_table(shop: Shop, one: Read) -> None:
    async def around(key: int) -> Any:
        return await one(key)

    async def next_one(key: int) -> Any:
        return await one(key + 1)

    for function, reads, is_kept in (
        (around, [row(Item, by="key")], True),
        (around, [Item], True),
        (next_one, [row(Item, by="key")], False),
        (next_one, [Item], True),
    ):
        outer = shop.cached(function, reads=reads)
        await outer(1)
        shop.computed.clear()
        await outer(1)
        assert (not shop.computed) is is_kept


async def test_several_rows_are_several_arguments(shop: Shop) -> None:
    async def both(key: int, other: int = 2) -> int:
        return (await shop.read_n(key) or 0) + (await shop.read_n(other) or 0)

    total = shop.cached(both, reads=[row(Item, "key"), row(Item, "other")])
    for key, value in ((1, 8), (2, 14)):
        await total(1)
        await shop.unit(lambda own, key=key: own.execute(_UPDATE.where(Item.id == key)))  # type: ignore[misc]
        assert await total(1) == value
    shop.computed.clear()
    await shop.unit(lambda own: own.execute(_UPDATE.where(Item.id == 9)))
    await total(1)
    assert not shop.computed


async def test_what_is_told_by_name_is_any_row(shop: Shop, one: Read, database: Database) -> None:
    for key in KEYS:
        await one(key)
    database.execute("UPDATE item SET n = 5")
    await shop.cache.ainvalidate(Item)
    assert [await one(key) for key in KEYS] == [5, 5, None, None]


class _Shifted(TypeDecorator[int]):
    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: object) -> int | None:
        return None if value is None else value + 1_000


_METADATA = MetaData()


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(name, _METADATA, *columns)


def test_a_row_is_read_by_one_column_of_integers_or_uuids_and_by_an_argument() -> None:
    cache = Cache(MemoryStore())
    for table in (
        _table("pair", Column("a", Integer, primary_key=True), Column("b", Integer, primary_key=True)),
        _table("worded", Column("id", String, primary_key=True)),
        _table("shifted", Column("id", _Shifted, primary_key=True)),
        _table("variant", Column("id", Integer().with_variant(_Shifted(), "postgresql"), primary_key=True)),
        _table("keyless", Column("id", Integer)),
    ):
        with pytest.raises(TypeError, match="primary key"):
            row(table, by="id")
    assert row(_table("big", Column("key", BigInteger, primary_key=True)), by="id").columns == {"big": "key"}
    assert row("shop.Item", by="id").columns == {"item": None}
    with pytest.raises(TypeError, match="no table"):
        row(int, by="id")
    for wrong in ("key", "rest"):
        with pytest.raises(TypeError, match=f"no argument '{wrong}'"):

            @cache.cached(reads=[row(Item, by=wrong)])
            def read(own: int, *rest: int) -> int:
                return own


async def _see(shop: Shop) -> None:
    """Let it see what was made behind its back, as by a migration."""
    await shop.execute(lambda connection: connection.exec_driver_sql("CREATE SCHEMA seen"))
