"""One process of the app in the test of staleness: it reads through the cache, and writes in every way there is.

`python -m chat_bars.staleness_worker CONTENDER DATABASE_URL VALKEY_URL ACKNOWLEDGED COUNTS PLACE SEED`
"""

from __future__ import annotations

import asyncio
import logging
import mmap
import os
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import registry

from chat_bars.staleness_caches import CONTENDERS, KEYS, Contender, Read, row_id
from pgwright_runtime.tenancy import tenant

TABLES, TENANTS = 6, 2
TASKS = 4
WRITES = 0.012
"""Share of writes among what a task does."""
FIELDS = ("checks", "stale", "hits", "writes", "failed", "behind")
_RECORD = 8 * len(FIELDS)

metadata = MetaData()
tables = {
    f"item_{number}": Table(
        f"item_{number}", metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("tenant", Integer, nullable=False),
        Column("key", Integer, nullable=False),
        Column("n", BigInteger, nullable=False),
    )
    for number in range(TABLES)
}  # fmt: skip
_registry = registry(metadata=metadata)
models: dict[str, Any] = {name: type(name.title(), (), {}) for name in tables}
for name, model in models.items():
    _registry.map_imperatively(model, tables[name])


def place(table: str, owner: int, key: int) -> int:
    """Return where a row's acknowledged number stands."""
    return 8 * (int(table.rpartition("_")[2]) * TENANTS * KEYS + row_id(owner, key))


class Shared:
    """Numbers that all processes see, in a file of 8 bytes each."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._numbers = memoryview(self._map).cast("q")

    def __getitem__(self, offset: int) -> int:
        return self._numbers[offset // 8]

    def __setitem__(self, offset: int, value: int) -> None:
        self._numbers[offset // 8] = value


Way = Callable[[AsyncEngine, str, int, int], Awaitable[int | None]]
"""Writes a row's next number, and returns it; None: it was rolled back."""


class Worker:
    def __init__(self, engine: AsyncEngine, cached: Read, contender: Contender, acknowledged: Shared, counts: Shared,
                 own: int, chance: random.Random) -> None:  # fmt: skip
        self.engine, self.cached, self.contender = engine, cached, contender
        self.acknowledged, self.counts, self.own, self.chance = acknowledged, counts, own, chance

    def add(self, field: str, number: int = 1) -> None:
        self.counts[self.own * _RECORD + 8 * FIELDS.index(field)] += number

    async def run(self) -> None:
        while True:
            table, owner, key = self._pick()
            with tenant(owner):
                if self.chance.random() < WRITES:
                    await self._write(table, owner, key)
                else:
                    await self._check(table, owner, key)

    def _pick(self) -> tuple[str, int, int]:
        table = f"item_{self.chance.randrange(TABLES)}"
        # Few keys are asked for most of the time.
        key = min(KEYS - 1, int(self.chance.paretovariate(1.0)) - 1)
        return table, self.chance.randrange(TENANTS), key

    async def _check(self, table: str, owner: int, key: int) -> None:
        expected = self.acknowledged[place(table, owner, key)]
        try:
            found = await self.cached(table, owner, key)
        except Exception as error:  # noqa: BLE001 - whatever it is, the read failed
            print(f"read: {type(error).__name__}: {error}"[:300], file=sys.stderr, flush=True)
            self.add("failed")
            return
        self.add("checks")
        if found < expected:
            self.add("stale")
            print(
                f"stale: {table} {owner} {key}: {found} < {expected} at {time.time():.3f}", file=sys.stderr, flush=True
            )

    async def _write(self, table: str, owner: int, key: int) -> None:
        way: Way = self.chance.choice(
            (_by_orm, _by_bulk, _by_text, _by_driver, _by_function, _in_savepoint, _on_its_own)
        )
        if self.chance.random() < 0.15:
            way = _rolled_back
        written = await way(self.engine, table, owner, key)
        if written is None:
            return
        await self.contender.wrote(table)
        offset = place(table, owner, key)
        self.acknowledged[offset] = max(self.acknowledged[offset], written)
        self.add("writes")


def _update(table: str, owner: int, key: int) -> object:
    """Return a statement that says by its primary key which row it writes, or does not."""
    own = tables[table]
    statement = update(own).values(n=own.c.n + 1)
    if random.random() < 0.5:
        return statement.where(own.c.id == row_id(owner, key))
    return statement.where(own.c.tenant == owner, own.c.key == key)


def _sql(table: str, owner: int, key: int) -> str:
    condition = f"id = {row_id(owner, key)}" if random.random() < 0.5 else f"tenant = {owner} AND key = {key}"
    return f"UPDATE {table} SET n = n + 1 WHERE {condition}"


async def _number(connection: object, table: str, owner: int, key: int) -> int:
    own = tables[table]
    return int(await connection.scalar(select(own.c.n).where(own.c.tenant == owner, own.c.key == key)))  # type: ignore[attr-defined]


async def _by_orm(engine: AsyncEngine, table: str, owner: int, key: int) -> int:
    async with AsyncSession(engine) as session:
        row: Any = await session.get(models[table], row_id(owner, key), with_for_update=True)
        row.n += 1
        written = int(row.n)
        await session.commit()
        return written


async def _by_bulk(engine: AsyncEngine, table: str, owner: int, key: int) -> int:
    async with engine.begin() as connection:
        await connection.execute(_update(table, owner, key))  # type: ignore[call-overload]
        return await _number(connection, table, owner, key)


async def _by_text(engine: AsyncEngine, table: str, owner: int, key: int) -> int:
    async with engine.begin() as connection:
        await connection.execute(text(_sql(table, owner, key)))
        return await _number(connection, table, owner, key)


async def _by_driver(engine: AsyncEngine, table: str, owner: int, key: int) -> int:
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f"WITH x AS ({_sql(table, owner, key)} RETURNING n) SELECT * FROM x")
        return await _number(connection, table, owner, key)


async def _by_function(engine: AsyncEngine, table: str, owner: int, key: int) -> int:
    async with engine.begin() as connection:
        return int(await connection.scalar(text(f"SELECT raise_{table}({owner}, {key})")))


async def _in_savepoint(engine: AsyncEngine, table: str, owner: int, key: int) -> int:
    async with engine.begin() as connection:
        async with connection.begin_nested():
            await connection.execute(_update(table, owner, key))  # type: ignore[call-overload]
        undone = await connection.begin_nested()
        await connection.execute(_update(table, owner, key))  # type: ignore[call-overload]
        await undone.rollback()
        return await _number(connection, table, owner, key)


async def _on_its_own(engine: AsyncEngine, table: str, owner: int, key: int) -> int:
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        found = await connection.execute(text(_sql(table, owner, key) + " RETURNING n"))
        return int(found.scalar_one())


async def _rolled_back(engine: AsyncEngine, table: str, owner: int, key: int) -> None:
    async with engine.connect() as connection:
        await connection.execute(_update(table, owner, key))  # type: ignore[call-overload]
        await connection.rollback()


_WAYS: tuple[Way, ...] = (_by_orm, _by_bulk, _by_text, _by_driver, _by_function, _in_savepoint, _on_its_own)


async def main() -> None:
    logging.disable()  # cashews tells of each command that the server did not answer
    contender_name, database, valkey, acknowledged, counts, own, seed = sys.argv[1:]
    engine = create_async_engine(database, pool_size=TASKS, max_overflow=2)
    contender = CONTENDERS[contender_name](valkey)

    async def read(table: str, owner: int, key: int) -> int:
        found = tables[table]
        async with engine.connect() as connection:
            statement = select(found.c.n).where(found.c.tenant == owner, found.c.key == key)
            return int((await connection.execute(statement)).scalar_one())

    cached = contender.bind(engine, read, list(tables))
    worker = Worker(engine, cached, contender, Shared(Path(acknowledged)), Shared(Path(counts)), int(own),
                    random.Random(seed))  # fmt: skip

    async def report() -> None:
        said = 0
        while True:
            await asyncio.sleep(0.05)
            hits = contender.hits()
            worker.add("hits", hits - said)
            said = hits

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, 0)
    await asyncio.gather(report(), *(worker.run() for _ in range(TASKS)))


if __name__ == "__main__":
    asyncio.run(main())
