"""The notebook's worker, on a table with the notebook's columns and those of the mixin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from notebook.worker import HANDLERS, main, work
from pgwright_runtime.jobs import JobMixin, JobStates, enqueue
from tests.support.database import Database


class Base(DeclarativeBase):
    pass


class Job(JobMixin, Base):
    __tablename__ = "jobs"
    job_states = JobStates(running="processing", done="completed", dead="failed")
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    progress: Mapped[int] = mapped_column(default=0)
    log: Mapped[str] = mapped_column(default="")


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    made = create_async_engine(database.url("asyncpg"), pool_size=20)
    async with made.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield made
    await made.dispose()


async def test_it_runs_every_kind_of_job_once(engine: AsyncEngine) -> None:
    async with AsyncSession(engine) as session:
        await enqueue(session, *(Job(kind=kind) for kind in HANDLERS for _ in range(10)))
        await session.commit()
    await work(engine, Job, until_idle=True)
    async with AsyncSession(engine) as session:
        rows = await session.execute(
            select(Job.status, Job.progress, Job.attempts, func.count()).group_by(
                Job.status, Job.progress, Job.attempts
            )
        )
        assert [tuple(row) for row in rows] == [("completed", 100, 1, 50)]
        logs = await session.scalars(select(Job.log).distinct())
        assert len(logs.all()) == len(HANDLERS)


def test_it_names_what_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for arguments, message in (
        ([], "no database was named"),
        (["--database-url", "x", "--at-a-time", "0"], "1 or more"),
    ):
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        assert exit_.value.code == 2
        assert message in capsys.readouterr().err
