"""A table of jobs whose effects are rows of another table, and a worker on it as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, create_engine, func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from pgwright_runtime.jobs import JobMixin, Worker, enqueue

ROOT = Path(__file__).parents[3]


class Base(DeclarativeBase):
    pass


class Job(JobMixin, Base):
    __tablename__ = "jobs"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)


class Effect(Base):
    __tablename__ = "effects"
    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[UUID]


def add_effect(session: Session, job: Job) -> None:
    """What a job does: a row, which a second run would double."""
    session.execute(insert(Effect), {"job_id": job.id})


async def add_effect_async(session: Any, job: Job) -> None:
    await session.execute(insert(Effect), {"job_id": job.id})


def add_jobs(engine: Engine, number: int = 1, **values: Any) -> list[UUID]:
    """Enqueue jobs, by default of the kind `effect`, and commit; return their ids."""
    with Session(engine) as session:
        jobs = [Job(**{"kind": "effect", **values}) for _ in range(number)]
        enqueue(session, *jobs)
        session.flush()
        ids = [job.id for job in jobs]
        session.commit()
    return ids


def jobs_in(engine: Engine) -> list[Job]:
    """Return all jobs, the oldest first."""
    with Session(engine, expire_on_commit=False) as session:
        return list(session.scalars(select(Job).order_by(Job.run_at, Job.id)))


def effects_in(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalars(select(func.count()).select_from(Effect)).one()


def drain(engine: Engine, handlers: dict[str, Any] | None = None, **options: Any) -> None:
    """Run all jobs that are due, and those that come back at once."""
    options = {"delay": lambda failures: 0.0, **options}
    Worker(engine=engine, model=Job, handlers=handlers or {"effect": add_effect}, **options).run(until_idle=True)


def environment() -> dict[str, str]:
    """Return that of a process which imports what we do."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [ROOT / "runtime" / "src", ROOT, *sys.path]))}


def start_worker(url: str, *modes: str) -> subprocess.Popen[bytes]:
    """Start a worker as a process; it writes a line when a slow job begins, and when it is asked to stop."""
    command = [sys.executable, "-m", "runtime.tests.support.jobs_queue", url, *modes]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), cwd=ROOT)


class LoudWorker(Worker):
    """Says when it is asked to stop."""

    def stop(self) -> None:
        print("stopping", flush=True)
        super().stop()


def main(url: str, *modes: str) -> None:
    """Run a worker until a signal; a handler of the kind `slow` waits, and one of the kind `poison` kills it."""

    def slow(session: Session, job: Job) -> None:
        add_effect(session, job)
        print("begun", flush=True)
        time.sleep(float(job.payload["seconds"]))

    def poison(session: Session, job: Job) -> None:
        add_effect(session, job)
        session.flush()
        os.abort()

    options: dict[str, Any] = {"lease_s": 1.0} if "short" in modes else {}
    batch = 10 if "batch" in modes else 1
    handlers = {"effect": add_effect, "slow": slow, "poison": poison}
    worker = LoudWorker(engine=create_engine(url), model=Job, handlers=handlers, batch=batch, poll_s=0.5, **options)
    worker.run(signals=True, until_idle="drain" in modes)


if __name__ == "__main__":
    main(*sys.argv[1:])
