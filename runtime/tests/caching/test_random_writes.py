"""Some hundred writes at random, each in another way: no value is other than what the database has."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import ColumnElement, and_, between, delete, insert, not_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pgwright_runtime.caching import Cache, MemoryStore, row
from runtime.tests.support.cached_shop import Item, Shelf, Shop, make_engine, make_tables, run
from tests.support.database import Database

_KEYS = range(1, 13)
_STEPS = 400
_SHELVES = (1, 2)


@pytest_asyncio.fixture(params=["psycopg", "asyncpg"])
async def shop(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Shop]:
    make_tables(database)
    database.execute("""
        INSERT INTO shelf VALUES (2);
        CREATE UNIQUE INDEX ON item (n, shelf_id);
        SELECT setval('item_id_seq', 2);
        ALTER SEQUENCE item_id_seq MAXVALUE 12 CYCLE;
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN NEW.n := NEW.n % 1000; RETURN NEW; END $$;
        CREATE TRIGGER touches BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION touch();
        CREATE FUNCTION raise(own int) RETURNS int LANGUAGE sql AS $$
            UPDATE item SET n = n + 1 WHERE id = own RETURNING n $$
    """)
    made = Shop(make_engine(database, request.param), Cache(MemoryStore()))
    yield made
    await made.close()


class _Writer:
    """Writes in a session, in one of many ways."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._n = 10
        self._ways: tuple[Callable[[Session], object], ...] = (
            *(self._orm, self._orm_deleted, self._orm_added, self._merged, self._key_changed, self._updated),
            *(
                self._updated,
                self._updated_by_keys,
                self._deleted,
                self._inserted,
                self._upserted,
                self._by_text,
                self._by_text,
            ),
            *(self._by_function, self._shelf_deleted, self._undone),
        )

    def __call__(self, session: Session) -> None:
        for _ in range(self._chance.choice((1, 1, 2))):
            # In a savepoint, for it may meet a row that is there.
            with suppress(IntegrityError), session.begin_nested():
                self._chance.choice(self._ways)(session)

    def _key(self) -> int:
        return self._chance.choice(_KEYS)

    def _values(self) -> dict[str, Any]:
        self._n += 1
        return {"n": self._n, "shelf_id": self._chance.choice((*_SHELVES, None))}

    def _condition(self, depth: int = 2) -> ColumnElement[bool]:
        if depth and self._chance.random() < 0.7:
            parts = [self._condition(depth - 1) for _ in range(2)]
            combine = self._chance.choice((and_, and_, or_, or_, lambda *each: not_(and_(*each))))
            return combine(*parts)
        some = self._chance.sample(_KEYS, 2)
        return self._chance.choice(
            (
                Item.id == some[0],
                Item.id == some[0],
                Item.id.in_(some),
                Item.id.not_in(some),
                Item.n == some[0],
                Item.shelf_id == 1,
                between(Item.id, some[0], some[0] + 1),
            )
        )

    def _orm(self, session: Session) -> None:
        for item in session.scalars(select(Item).where(self._condition())):
            item.n = self._values()["n"]

    def _orm_deleted(self, session: Session) -> None:
        for item in session.scalars(select(Item).where(Item.id == self._key())):
            session.delete(item)

    def _orm_added(self, session: Session) -> None:
        rows = [Item(**self._values()) for _ in range(self._chance.choice((1, 2)))]
        if self._chance.random() < 0.5:
            for item, key in zip(rows, self._chance.sample(_KEYS, len(rows)), strict=True):
                item.id = key
        session.add_all(rows)

    def _merged(self, session: Session) -> None:
        session.merge(Item(id=self._key(), **self._values()))

    def _key_changed(self, session: Session) -> None:
        for item in session.scalars(select(Item).where(Item.id == self._key())):
            item.id = self._key()

    def _updated(self, session: Session) -> None:
        self._run(session, update(Item).where(self._condition()).values(n=Item.n + 1))

    def _updated_by_keys(self, session: Session) -> None:
        present = session.scalars(select(Item.id)).all()
        if present:
            session.execute(update(Item), [{"id": key, "n": self._values()["n"]} for key in present[:3]])

    def _deleted(self, session: Session) -> None:
        self._run(session, delete(Item).where(Item.id == self._key(), self._condition()))

    def _inserted(self, session: Session) -> None:
        rows = [self._values() for _ in range(self._chance.choice((1, 3)))]
        for each, key in zip(rows, self._chance.sample(_KEYS, len(rows)), strict=True):
            if self._chance.random() < 0.5 or "id" in rows[0]:
                each["id"] = key
        rows = [each for each in rows if each.keys() == rows[0].keys()]
        self._run(session, insert(Item), rows)

    def _upserted(self, session: Session) -> None:
        present = session.execute(select(Item.n, Item.shelf_id).where(Item.shelf_id.is_not(None))).mappings().all()
        values = dict(self._chance.choice(present)) if present else self._values()
        statement = upsert(Item).values(id=self._key(), **values)
        changes = self._chance.choice(({"n": 3}, {"id": self._key()}, {"shelf_id": 2}))
        target = self._chance.choice((["id"], ["n", "shelf_id"], ["n", "shelf_id"]))
        self._run(session, statement.on_conflict_do_update(index_elements=target, set_=changes))

    def _by_text(self, session: Session) -> None:
        statement = self._chance.choice(
            (
                "UPDATE item SET n = n + :by WHERE id = :key",
                "UPDATE item SET n = n + 1 WHERE id = :key OR n = :by",
                "DELETE FROM item WHERE id = :key AND n <> :by",
                "UPDATE item SET n = coalesce(raise(:by), 5) WHERE id = :key AND id <> :by",
                "WITH x AS (DELETE FROM item WHERE id = :key) UPDATE item SET n = n + 1 WHERE id = :by",
            )
        )
        session.execute(text(statement), {"key": self._key(), "by": self._key()})

    def _by_function(self, session: Session) -> None:
        session.scalar(text("SELECT raise(:key)"), {"key": self._key()})

    def _shelf_deleted(self, session: Session) -> None:
        shelf = self._chance.choice(_SHELVES)
        session.execute(delete(Shelf).where(Shelf.id == shelf))
        session.execute(insert(Shelf).values(id=shelf))

    def _undone(self, session: Session) -> None:
        with session.begin_nested() as savepoint:
            self._updated(session)
            savepoint.rollback()

    def _run(self, session: Session, statement: Any, rows: list[dict[str, Any]] | None = None) -> None:
        if self._chance.random() < 0.3:
            statement = statement.returning(*self._chance.sample([Item.n, Item.id], 2))
        session.connection().execute(statement, rows)


async def test_what_is_read_is_what_the_database_has(shop: Shop) -> None:
    chance = random.Random(27)
    write = _Writer(chance)
    row_of = shop.cached(shop.read_n, reads=[row(Item, by="key")])
    for _ in range(_STEPS):
        await shop.unit(write, commits=chance.random() < 0.9)
        async with shop.session() as session:
            truth = dict((await run(session, lambda own: own.execute(select(Item.id, Item.n)))).all())
        for key in _KEYS:
            assert await row_of(key) == truth.get(key)
        assert await shop.n(1) == truth.get(1)
    # About one in two of these writes says which rows it is about.
    assert len(shop.computed) < 0.8 * _STEPS * len(_KEYS)
