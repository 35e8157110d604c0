"""What idle workers ask of the server, and how soon one of them has a job that was committed."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.queues import SimpleQueue
from typing import Any
from uuid import UUID

from query_bars.figures import Figure, at_most, shown
from sqlalchemy import text
from sqlalchemy.orm import Session

from pgwright_runtime import create_engine
from pgwright_runtime.jobs import Worker, enqueue
from runtime.tests.support.jobs_queue import Job

SETTLED_S, IDLE_S = 12.0, 30.0
PICK_UPS = 300
_RESET = text("SELECT pg_stat_statements_reset()")
_CALLS = text("SELECT sum(calls) FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'")


def measure_waiting(url: str, processes: int, scale: float) -> Iterator[Figure]:
    """Yield the figures of workers that wait, a process each."""
    with _workers(url, processes) as picked:
        engine = create_engine(url)
        idle_s = max(10.0, IDLE_S * scale)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            time.sleep(SETTLED_S)
            connection.execute(_RESET)
            time.sleep(idle_s)
            calls = float(connection.scalar(_CALLS) or 0)
        yield at_most("statements of an idle worker, all kinds", calls / idle_s / processes, "/s", 1)
        committed: dict[UUID, float] = {}
        dice = random.Random(13)
        number = max(40, int(PICK_UPS * scale))
        with Session(engine) as session:
            for _ in range(number):
                job = Job(kind="picked")
                enqueue(session, job)
                session.flush()
                job_id = job.id
                session.commit()
                committed[job_id] = time.time()
                time.sleep(0.02 + dice.random() * 0.15)
        delays = sorted(at - committed[job_id] for job_id, at in (picked.get() for _ in range(number)))
        engine.dispose()
    yield shown("from commit to the handler's begin, median", delays[number // 2] * 1_000, "ms")
    yield at_most("from commit to the handler's begin, 95th percentile", delays[number * 95 // 100] * 1_000, "ms", 50)
    yield shown("from commit to the handler's begin, longest", delays[-1] * 1_000, "ms")


@contextmanager
def _workers(url: str, processes: int) -> Iterator[SimpleQueue[Any]]:
    context = multiprocessing.get_context("fork")
    picked: SimpleQueue[Any] = context.SimpleQueue()
    running = [context.Process(target=_work, args=(url, picked)) for _ in range(processes)]
    for process in running:
        process.start()
    try:
        yield picked
    finally:
        for process in running:
            process.terminate()
            process.join()


def _work(url: str, picked: SimpleQueue[Any]) -> None:
    def handle(session: Session, job: Job) -> None:
        picked.put((job.id, time.time()))

    Worker(engine=create_engine(url), model=Job, handlers={"picked": handle}).run(signals=True)
