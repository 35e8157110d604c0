"""Sync code on either kind of engine."""

from __future__ import annotations

import time

from sqlalchemy import Column, DateTime, Engine, Integer, MetaData, Table, func, select
from sqlalchemy.ext.asyncio import create_async_engine

from pgwright_runtime import create_engine
from pgwright_runtime._running import Sleep, run_on
from pgwright_runtime.soft_delete import hide_deleted, soft_deletable
from tests.support.database import Database

NOTES = soft_deletable(
    Table("notes", MetaData(), Column("id", Integer, primary_key=True), Column("deleted_at", DateTime(timezone=True)))
)


def _count(engine: Engine, sleep: Sleep) -> int:
    sleep(0)
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(NOTES)).scalar_one()


async def test_a_job_sees_deleted_rows_on_an_engine_that_hides_them(database: Database) -> None:
    database.execute("CREATE TABLE notes (id int PRIMARY KEY, deleted_at timestamptz)")
    database.execute("INSERT INTO notes VALUES (1, NULL), (2, now())")
    plain = create_engine(database.url())
    asynchronous = create_async_engine(database.url().replace("postgresql://", "postgresql+psycopg://"))
    try:
        for _ in range(2):  # compiled, and from the cache
            assert _count(hide_deleted(plain), time.sleep) == 1
            assert run_on(hide_deleted(plain), _count) == run_on(plain, _count) == 2
        assert await run_on(hide_deleted(asynchronous), _count) == 2
    finally:
        plain.dispose()
        await asynchronous.dispose()
