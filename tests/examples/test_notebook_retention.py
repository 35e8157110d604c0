"""Soft delete, restore, erase and purge, on the real server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from notebook import lifecycle, retention
from notebook.after.repositories import NotebookRepository
from notebook.arguments import arguments
from pgwright_runtime import count_statements
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
    assert not set(await retention.purge(after_engine)) & set(TABLES)
    assert await restore(after_engine, GIVEN.page, GIVEN.reader)


async def test_the_purge_takes_the_rest_in_short_batches(after: Database, after_engine: AsyncEngine) -> None:
    await delete(after_engine, GIVEN.desk, GIVEN.writer)
    age(after, 91)
    marked = deleted(after)
    told: list[tuple[str, int]] = []
    gone = await retention.purge(after_engine, batch_rows=100, progress=lambda table, rows: told.append((table, rows)))
    assert {table: gone.get(table, 0) for table in TABLES} == marked
    assert ("messages", 100) in told
    assert sum(deleted(after).values()) == 0
    assert not await restore(after_engine, GIVEN.desk, GIVEN.writer)


async def test_expired_tokens_go_at_once_and_valid_ones_stay(after: Database, after_engine: AsyncEngine) -> None:
    now = datetime(2025, 12, 20, tzinfo=UTC)
    await retention.purge(after_engine, now=now)
    for table in ("refresh_tokens", "otps"):
        query = f"SELECT count(*) > 0, bool_and(expires_at >= '{now}') FROM {table}"
        assert after.rows(query) == [(True, True)]


async def test_a_row_that_somebody_holds_is_left_to_the_next_purge(after: Database, after_engine: AsyncEngine) -> None:
    await delete(after_engine, GIVEN.page, GIVEN.reader)
    age(after, 91)
    with psycopg.connect(after.dsn) as other:
        other.execute("SELECT FROM notebooks WHERE deleted_at IS NOT NULL FOR UPDATE")
        assert "notebooks" not in await retention.purge(after_engine)
    assert (await retention.purge(after_engine))["notebooks"] == 1


async def test_a_dry_run_counts_what_a_purge_deletes(after: Database, after_engine: AsyncEngine) -> None:
    now = datetime.now(UTC) + timedelta(days=91)
    await delete(after_engine, GIVEN.page, GIVEN.reader)
    counted = await retention.overdue(after_engine, now=now)
    assert counted["notebooks"] == 1
    assert await retention.purge(after_engine, now=now) == counted
    assert await retention.overdue(after_engine, now=now) == {}


async def test_erasing_leaves_nothing_of_the_user_and_all_of_the_others(
    after: Database, after_engine: AsyncEngine
) -> None:
    async with AsyncSession(after_engine) as session, session.begin():
        with count_statements(after_engine) as statements:
            assert await lifecycle.erase_user(session, GIVEN.reader)
        assert not await lifecycle.erase_user(session, GIVEN.reader)
    assert statements.count == 1
    async with after_engine.connect() as connection:
        for table, column in (
            ("notebooks", "owner_id"),
            ("conversations", "user_id"),
            ("documents", "user_id"),
            ("otps", "user_id"),
            ("refresh_tokens", "user_id"),
            ("generation_history", "user_id"),
        ):
            query = text(f"SELECT count(*) FILTER (WHERE {column} = :user), count(*) FROM {table}")
            mine, all_rows = (await connection.execute(query, {"user": GIVEN.reader})).one()
            assert mine == 0
            assert all_rows > 0


@pytest.mark.parametrize("dry_run", [True, False])
def test_runs_from_the_command_line(after: Database, capsys: pytest.CaptureFixture[str], dry_run: bool) -> None:
    arguments = ["--database-url", after.url(), *(["--dry-run"] if dry_run else [])]
    [(tokens,)] = after.rows("SELECT count(*) FROM refresh_tokens WHERE expires_at < now()")
    assert retention.main(arguments) == 0
    shown = capsys.readouterr().out
    assert ("would delete" in shown) is dry_run
    assert f"{tokens} of refresh_tokens" in shown
    [(left,)] = after.rows("SELECT count(*) FROM refresh_tokens WHERE expires_at < now()")
    assert left == (tokens if dry_run else 0)


def test_asks_for_a_database(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(SystemExit):
        retention.main([])
    assert "Give --database-url" in capsys.readouterr().err
