"""Soft delete, restore and purge, on the real server."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from notebook import lifecycle
from notebook.after.repositories import NotebookRepository
from notebook.arguments import arguments
from notebook.retention import RETENTION
from tests.support.database import Database

pytest_plugins = ["tests.support.notebook_databases"]

SCALE = 0.02
GIVEN = arguments(SCALE)
TABLES = ("notebooks", "sources", "chunks", "conversations", "messages", "quizzes", "study_guides")


def deleted(database: Database) -> dict[str, int]:
    """Return how many rows of each table below a notebook are deleted."""
    counts = {table: database.rows(f"SELECT count(*) FROM {table} WHERE deleted_at IS NOT NULL") for table in TABLES}
    return {table: int(str(rows[0][0])) for table, rows in counts.items()}


def age(database: Database, days: int) -> None:
    """Let time pass over all that is deleted."""
    for table in TABLES:
        database.execute(f"UPDATE {table} SET deleted_at = deleted_at - interval '{days} days'")


async def delete(engine: AsyncEngine, notebook_id: UUID, owner_id: UUID) -> bool:
    async with AsyncSession(engine) as session, session.begin():
        return await lifecycle.delete_notebook(session, notebook_id, owner_id)


async def restore(engine: AsyncEngine, notebook_id: UUID, owner_id: UUID) -> bool:
    async with AsyncSession(engine) as session, session.begin():
        return await lifecycle.restore_notebook(session, notebook_id, owner_id)


async def purge(engine: AsyncEngine) -> dict[str, int]:
    """Delete what is due; return the rows that went, by table, without the schema."""
    counts: Counter[str] = Counter()
    for rule in (await RETENTION.run(engine)).rules:
        counts.update({table.rpartition(".")[2].strip('"'): rows for table, rows in rule.rows.items() if rows})
    return dict(counts)


async def test_a_deleted_notebook_is_gone_from_the_app_with_its_children(
    after: Database, after_engine: AsyncEngine
) -> None:
    assert await delete(after_engine, GIVEN.page, GIVEN.reader)
    async with AsyncSession(after_engine) as session:
        assert await NotebookRepository(session).get_by_id_and_owner(GIVEN.page, GIVEN.reader) is None
    marked = deleted(after)
    assert marked["notebooks"] == 1
    assert min(marked["sources"], marked["chunks"], marked["conversations"], marked["messages"]) > 0
    assert not await delete(after_engine, GIVEN.page, GIVEN.reader)


async def test_it_comes_back_as_it_was_but_for_what_was_deleted_before(
    after: Database, after_engine: AsyncEngine
) -> None:
    [(source,)] = after.rows(f"SELECT min(id::text) FROM sources WHERE notebook_id = '{GIVEN.page}'")
    after.execute(f"UPDATE sources SET deleted_at = now() - interval '1 day' WHERE id = '{source}'")
    async with AsyncSession(after_engine) as session:
        shown = await NotebookRepository(session).get_by_id_and_owner(GIVEN.page, GIVEN.reader)
    await delete(after_engine, GIVEN.page, GIVEN.reader)
    assert await restore(after_engine, GIVEN.page, GIVEN.reader)
    async with AsyncSession(after_engine) as session:
        assert await NotebookRepository(session).get_by_id_and_owner(GIVEN.page, GIVEN.reader) == shown
    assert sum(deleted(after).values()) == 1
    assert not await restore(after_engine, GIVEN.page, GIVEN.reader)


async def test_nobody_deletes_or_restores_the_notebook_of_another(after: Database, after_engine: AsyncEngine) -> None:
    assert not await delete(after_engine, GIVEN.page, UUID(int=1))
    await delete(after_engine, GIVEN.page, GIVEN.reader)
    assert not await restore(after_engine, GIVEN.page, UUID(int=1))
    assert deleted(after)["notebooks"] == 1


async def test_the_purge_keeps_what_may_come_back(after: Database, after_engine: AsyncEngine) -> None:
    await delete(after_engine, GIVEN.page, GIVEN.reader)
    age(after, 89)
    assert not set(await purge(after_engine)) & set(TABLES)
    assert await restore(after_engine, GIVEN.page, GIVEN.reader)


async def test_the_purge_takes_the_rest(after: Database, after_engine: AsyncEngine) -> None:
    await delete(after_engine, GIVEN.desk, GIVEN.writer)
    age(after, 91)
    marked = deleted(after)
    plan = await RETENTION.plan(after_engine)
    gone = await purge(after_engine)
    assert {table: gone.get(table, 0) for table in TABLES} == marked
    assert sum(gone.values()) == plan.rows
    assert sum(deleted(after).values()) == 0
    assert not await restore(after_engine, GIVEN.desk, GIVEN.writer)
    assert (await RETENTION.plan(after_engine)).rows == 0


async def test_expired_tokens_go_and_valid_ones_stay(after: Database, after_engine: AsyncEngine) -> None:
    for table in ("refresh_tokens", "otps"):
        after.execute(
            f"UPDATE {table} SET expires_at = now() + interval '1 day' WHERE id IN (SELECT id FROM {table} LIMIT 5)"
        )
    await purge(after_engine)
    for table in ("refresh_tokens", "otps"):
        query = f"SELECT count(*), bool_and(expires_at >= now()) FROM {table}"
        assert after.rows(query) == [(5, True)]


async def test_a_row_that_somebody_holds_is_left_to_the_next_purge(after: Database, after_engine: AsyncEngine) -> None:
    await delete(after_engine, GIVEN.page, GIVEN.reader)
    age(after, 91)
    with psycopg.connect(after.dsn) as other:
        other.execute("SELECT FROM notebooks WHERE deleted_at IS NOT NULL FOR UPDATE")
        assert "notebooks" not in await purge(after_engine)
    assert (await purge(after_engine))["notebooks"] == 1
