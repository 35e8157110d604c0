"""Workers that wait are woken by a commit, whatever the driver, and poll only as a net."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from pgwright.embedded import EmbeddedServer
from pgwright_runtime import create_engine
from pgwright_runtime.jobs import Worker, queue_of
from runtime.tests.support.jobs_queue import Job, add_effect, add_effect_async, add_jobs, effects_in
from runtime.tests.support.pgbouncer import run_pgbouncer
from tests.support.database import Database

# So long that a test which is not woken does not end.
NEVER_S = 3_600.0
LISTENERS = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT count%'")


class IdleWorker(Worker):
    """A worker that has no short pauses, and says when it begins to wait."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.waits = threading.Semaphore(0)

    def _wait(self, due_s: float | None = None) -> None:
        self._pause_s = self.poll_s
        self.waits.release()
        super()._wait(due_s)


def test_a_commit_wakes_a_sync_worker(engine: Engine) -> None:
    worker = IdleWorker(engine=engine, model=Job, handlers={"effect": add_effect}, poll_s=NEVER_S)
    thread = threading.Thread(target=worker.run)
    thread.start()
    for number in range(1, 4):
        worker.waits.acquire()
        add_jobs(engine)
        worker.waits.acquire()
        assert effects_in(engine) == number
        worker.waits.release()
    worker.stop()
    thread.join()


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_a_commit_wakes_an_async_worker(database: Database, engine: Engine, driver: str) -> None:
    made = create_async_engine(database.url(driver))
    worker = IdleWorker(engine=made, model=Job, handlers={"effect": add_effect_async}, poll_s=NEVER_S)
    task = asyncio.create_task(worker.run())
    for number in range(1, 4):
        await asyncio.to_thread(worker.waits.acquire)
        await asyncio.to_thread(add_jobs, engine)
        await asyncio.to_thread(worker.waits.acquire)
        assert effects_in(engine) == number
        worker.waits.release()
    worker.stop()
    await task
    await made.dispose()


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_a_worker_whose_connection_is_cut_while_it_waits_connects_again(
    database: Database, engine: Engine, driver: str
) -> None:
    made = create_async_engine(database.url(driver))
    worker = IdleWorker(engine=made, model=Job, handlers={"effect": add_effect_async}, poll_s=NEVER_S)
    task = asyncio.create_task(worker.run())
    await asyncio.to_thread(worker.waits.acquire)
    (pid,) = await asyncio.to_thread(cut, engine)
    while (await asyncio.to_thread(listeners, engine)) in ([], [pid]):
        worker._listener.wake()
        await asyncio.sleep(0)
    await asyncio.to_thread(add_jobs, engine)
    while effects_in(engine) == 0:
        await asyncio.sleep(0)
    worker.stop()
    await task
    await made.dispose()


def listeners(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(LISTENERS))


def cut(engine: Engine) -> list[int]:
    pids = listeners(engine)
    with engine.connect() as connection:
        for pid in pids:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
    return pids


def test_what_is_not_committed_wakes_nobody(engine: Engine) -> None:
    worker = IdleWorker(engine=engine, model=Job, handlers={"effect": add_effect}, poll_s=NEVER_S)
    thread = threading.Thread(target=worker.run)
    thread.start()
    worker.waits.acquire()
    with Session(engine) as session:
        session.add(Job(kind="effect"))
        session.execute(text("SELECT pg_notify('pgwright_jobs', '')"))
        session.rollback()
    assert not worker.waits.acquire(timeout=0.3)
    worker.stop()
    thread.join()


def test_behind_a_pooler_in_transaction_mode_it_polls(
    server: EmbeddedServer, database: Database, engine: Engine
) -> None:
    with run_pgbouncer(server, pool_mode="transaction", pool_size=2) as bouncer:
        made = create_engine(bouncer.url(database.name, "psycopg"), pooler="transaction")
        seen: list[Any] = []

        def handle(session: Session, job: Job) -> None:
            add_effect(session, job)
            seen.append(job.id)
            worker.stop()

        worker = Worker(engine=made, model=Job, handlers={"effect": handle}, listen=False, poll_s=0.1)
        thread = threading.Thread(target=worker.run)
        thread.start()
        ids = add_jobs(engine)
        thread.join()
        made.dispose()
    assert seen == ids
    assert effects_in(engine) == 1


def test_a_transaction_notifies_only_where_a_worker_is_idle(database: Database, engine: Engine) -> None:
    channel = queue_of(Job).channel
    with psycopg.connect(database.dsn, autocommit=True) as listening, engine.connect() as idle:
        listening.execute(f'LISTEN "{channel}"'.encode())

        def told() -> int:
            listening.execute("SELECT pg_notify(%s, 'end')", [channel])
            received = [notify.payload for notify in listening.notifies(timeout=0)]
            while "end" not in received:
                received += [notify.payload for notify in listening.notifies(timeout=0.1)]
            return len(received) - 1

        add_jobs(engine)
        assert told() == 0
        queue_of(Job).be_idle(idle, True)
        add_jobs(engine, 3)
        add_jobs(engine)
        assert told() == 2
        queue_of(Job).be_idle(idle, False)
        add_jobs(engine)
        assert told() == 0
