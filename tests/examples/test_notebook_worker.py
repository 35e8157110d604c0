"""The notebook's worker, and what it does at night."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from notebook.after.models import Job
from notebook.arguments import arguments
from notebook.nightly import nightly, retain
from notebook.worker import HANDLERS, main, work
from pgwright_runtime.jobs import enqueue
from tests.support.database import Database

pytest_plugins = ["tests.support.notebook_databases"]

GIVEN = arguments(0.02)
ENDED = "SELECT status, count(*) FROM jobs WHERE id = ANY('{%s}') GROUP BY status"
RUNNING = "SELECT count(*) FROM jobs WHERE status IN ('pending', 'processing')"
LEFT = "SELECT count(*) FROM refresh_tokens WHERE expires_at < now()"


async def test_it_does_what_is_enqueued_and_what_older_workers_left(after: Database, after_engine: AsyncEngine) -> None:
    [(document,)] = after.rows("SELECT min(id::text) FROM documents")
    async with AsyncSession(after_engine, expire_on_commit=False) as session:
        jobs = [Job(document_id=UUID(str(document)), kind=kind) for kind in HANDLERS]
        await enqueue(session, *jobs)
        await session.commit()
    await work(after_engine, until_idle=True)
    assert after.rows(ENDED % ",".join(str(job.id) for job in jobs)) == [("completed", len(HANDLERS))]
    assert after.rows(RUNNING) == [(0,)]


async def test_the_jobs_of_a_deleted_document_wait_with_it(after: Database, after_engine: AsyncEngine) -> None:
    after.execute("UPDATE jobs SET deleted_at = now() WHERE status = 'pending'")
    [(waiting,)] = after.rows("SELECT count(*) FROM jobs WHERE status = 'pending'")
    await work(after_engine, until_idle=True)
    assert waiting
    assert after.rows("SELECT count(*) FROM jobs WHERE status = 'pending'") == [(waiting,)]


async def test_what_is_due_goes_at_two_each_night(after: Database, after_engine: AsyncEngine) -> None:
    scheduler = nightly(after_engine)
    scheduler.start(paused=True)
    try:
        [job] = scheduler.get_jobs()
        fires = job.trigger.get_next_fire_time(None, datetime(2026, 3, 1, 12, tzinfo=UTC))
        assert fires == datetime(2026, 3, 2, 2, tzinfo=UTC)
        assert (job.func, job.args) == (retain, (after_engine,))
    finally:
        scheduler.shutdown(wait=False)
    assert after.rows(LEFT) != [(0,)]
    await retain(after_engine)
    assert after.rows(LEFT) == [(0,)]


def test_it_names_what_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for given, message in (
        ([], "no database was named"),
        (["--database-url", "x", "--at-a-time", "0"], "1 or more"),
    ):
        with pytest.raises(SystemExit) as exit_:
            main(given)
        assert exit_.value.code == 2
        assert message in capsys.readouterr().err
