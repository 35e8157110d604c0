"""Kill workers, and their connections, at random moments, and count what became of the jobs.

Run by `python -m runtime.tests.support.jobs_killing URL KILLS SEED`; it prints one line of JSON. It is a process of its
own, without threads, so that it can fork workers in milliseconds.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sys
import time
from contextlib import suppress

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from pgwright_runtime.jobs import Worker, enqueue
from runtime.tests.support.jobs_queue import Base, Job, add_effect

WORKERS = 4
LEASE_S = 1.0
APPLICATION = "jobs_victim"
_WAITING = 200
_MOST_SECONDS = 120
_CONNECTIONS = text("SELECT pid FROM pg_stat_activity WHERE application_name = :name AND datname = current_database()")
_COUNTS = {
    "finished": "SELECT count(*) FROM jobs WHERE status = 'done'",
    "lost": "SELECT count(*) FROM jobs WHERE status <> 'done'",
    "without_effect": "SELECT count(*) FROM jobs WHERE NOT EXISTS (SELECT FROM effects WHERE job_id = jobs.id)",
    "twice": "SELECT count(*) - count(DISTINCT job_id) FROM effects",
    "never_enqueued": "SELECT count(*) FROM effects WHERE NOT EXISTS (SELECT FROM jobs WHERE id = job_id)",
    "attempts": "SELECT coalesce(sum(attempts), 0) FROM jobs",
}


def work(url: str, number: int) -> None:
    """Be a worker until killed; odd ones run batches."""
    dice = random.Random(number)

    def handle(session: Session, job: Job) -> None:
        add_effect(session, job)
        time.sleep(dice.random() * 0.004)

    engine = create_engine(f"{url}&application_name={APPLICATION}")
    worker = Worker(
        engine=engine,
        model=Job,
        handlers={"effect": handle},
        batch=8 if number % 2 else 1,
        lease_s=LEASE_S,
        poll_s=0.2,
        delay=lambda _: 0.01,
    )
    worker.run(signals=True)


class Killing:
    """Some workers, of which one is killed at a time."""

    def __init__(self, url: str, seed: int) -> None:
        self.url, self.dice = url, random.Random(seed)
        self.engine = create_engine(url)
        self.started = 0
        self.workers: list[int] = []
        self.enqueued = 0
        self.kills = {"process": 0, "connection": 0}

    def fork(self) -> int:
        self.started += 1
        number = self.started
        pid = os.fork()
        if pid == 0:
            status = 1
            with suppress(BaseException):
                logging.getLogger("pgwright.jobs").setLevel(logging.CRITICAL)
                self.engine.dispose(close=False)
                work(self.url, number)
                status = 0
            os._exit(status)
        return pid

    def feed(self) -> None:
        """Keep enough jobs waiting; some are rolled back, and must never run."""
        with Session(self.engine) as session:
            waiting = session.scalar(text("SELECT count(*) FROM jobs WHERE status = 'pending'")) or 0
            if waiting < _WAITING:
                jobs = [Job(kind="effect", max_attempts=1_000_000) for _ in range(_WAITING)]
                enqueue(session, *jobs)
                if self.dice.random() < 0.2:
                    session.rollback()
                else:
                    session.commit()
                    self.enqueued += len(jobs)

    def kill(self) -> None:
        if self.dice.random() < 0.5:
            victim = self.dice.randrange(WORKERS)
            os.kill(self.workers[victim], signal.SIGKILL)
            os.waitpid(self.workers[victim], 0)
            self.workers[victim] = self.fork()
            self.kills["process"] += 1
            return
        with self.engine.connect() as connection:
            pids = sorted(connection.scalars(_CONNECTIONS, {"name": APPLICATION}))
            if pids:
                connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": self.dice.choice(pids)})
                self.kills["connection"] += 1

    def run(self, kills: int) -> None:
        self.workers = [self.fork() for _ in range(WORKERS)]
        while sum(self.kills.values()) < kills:
            self.feed()
            time.sleep(self.dice.random() * 0.06)
            self.kill()
        deadline = time.monotonic() + _MOST_SECONDS
        while self.left() and time.monotonic() < deadline:
            time.sleep(0.1)
        for pid in self.workers:
            os.kill(pid, signal.SIGTERM)
        for pid in self.workers:
            os.waitpid(pid, 0)

    def left(self) -> int:
        with self.engine.connect() as connection:
            return connection.scalar(text("SELECT count(*) FROM jobs WHERE status IN ('pending', 'running')")) or 0

    def outcome(self) -> dict[str, int]:
        with self.engine.connect() as connection:
            counts = {name: int(connection.scalar(text(count)) or 0) for name, count in _COUNTS.items()}
        return {"enqueued": self.enqueued, **self.kills, **counts}


def kill_workers(url: str, kills: int, seed: int) -> dict[str, int]:
    """Kill workers so many times, let the others finish all jobs, and return the counts."""
    killing = Killing(url, seed)
    Base.metadata.create_all(killing.engine)
    try:
        killing.run(kills)
    except BaseException:
        for pid in killing.workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        raise
    return killing.outcome()


if __name__ == "__main__":
    print(json.dumps(kill_workers(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
