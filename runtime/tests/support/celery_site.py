"""The app of `celery_app` as it runs: a database, a broker, workers in processes of their own, and a relay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from celery import Celery
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pgwright_runtime import create_engine
from pgwright_runtime.jobs import enqueue
from pgwright_runtime.jobs.celery import Relay, task_name
from runtime.tests.support.celery_app import BROKER, DATABASE, GATE, HANDLERS, LEASE_S, Base, Task, make_app
from tests.support.database import Database
from tests.support.valkey import Broker

# A worker takes seconds to start on a busy machine.
_PATIENCE_S = 60.0
_ROOT = Path(__file__).resolve().parents[3]


@dataclass
class CelerySite:
    """What a test looks at, and breaks."""

    database: Database
    broker: Broker
    engine: Engine
    app: Celery
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def enqueue(self, *kinds: str, commit: bool = True) -> list[int]:
        """Enqueue a job of each kind in one transaction; return their keys."""
        with Session(self.engine) as session:
            jobs = [Task(kind=kind) for kind in kinds]
            enqueue(session, *jobs)
            session.flush()
            keys = [job.id for job in jobs]
            (session.commit if commit else session.rollback)()
        return keys

    def send(self, key: int, attempts: int = 0) -> None:
        """Send a message as the relay does."""
        self.app.send_task(task_name(Task), (key, attempts), task_id=str(key))

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker of one task at a time."""
        environment = {
            **os.environ,
            DATABASE: self.database.url("psycopg"),
            BROKER: self.broker.url,
            "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), *sys.path))),
        }
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=INFO")
        command = [sys.executable, "-m", "celery", "-A", "runtime.tests.support.celery_app", "worker", *quiet]
        with (self.folder / f"worker-{len(self.workers)}.log").open("wb") as log:
            worker = subprocess.Popen(
                [*command, *(options or ("--pool=solo",)), "-n", f"w{len(self.workers)}"],
                env=environment, cwd=self.folder, start_new_session=True,
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.workers.append(worker)
        return worker

    @contextmanager
    def relaying(self, *, resend_s: float = 5.0) -> Iterator[Relay]:
        """Let a relay run beside the test; what Celery loses on its own account comes again within the test's time."""
        relay = Relay(
            app=self.app, engine=self.engine, model=Task, handlers=HANDLERS,
            resend_s=resend_s, poll_s=0.5, lease_s=LEASE_S,
        )  # fmt: skip
        thread = threading.Thread(target=relay.run, daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            relay.stop()
            thread.join(_PATIENCE_S)
            assert not thread.is_alive(), "the relay does not stop"

    @contextmanager
    def closed_gate(self) -> Iterator[None]:
        """Let handlers of kind `wait` wait inside the block."""
        with psycopg.connect(self.database.dsn) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (GATE,))
            yield

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something is so; fail with what the workers said if it never is."""
        deadline = time.monotonic() + _PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                logs = "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))
                rows = self.database.rows("SELECT id, status, attempts, run_at - now(), last_error FROM task")
                raise AssertionError(f"not within {_PATIENCE_S:.0f} s: {what}\n{rows}\n{self.broker.holds()}\n{logs}")
            time.sleep(0.05)

    def wait_until_done(self, *keys: int) -> None:
        self.wait_until(lambda: all(self.states().get(key) == "done" for key in keys), f"{keys} are done")

    def states(self) -> dict[int, str]:
        return dict(self.database.rows("SELECT id, status FROM task"))  # type: ignore[arg-type]

    def effects(self) -> dict[int, int]:
        """Return how often the effect of each job was committed."""
        return dict(self.database.rows("SELECT task_id, count(*) FROM effect GROUP BY 1"))  # type: ignore[arg-type]

    def begun(self) -> list[int]:
        """Return the processes in which handlers of kind `wait` have begun."""
        return [int(str(process)) for (process,) in self.database.rows("SELECT process FROM begun ORDER BY id")]


def kill(worker: subprocess.Popen[bytes]) -> None:
    """End a worker and its children at once."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait(_PATIENCE_S)
    if worker.stdin is not None:
        worker.stdin.close()


@contextmanager
def celery_site(database: Database, broker: Broker, folder: Path) -> Iterator[CelerySite]:
    """Make the tables; at the end, kill what still runs."""
    engine = create_engine(database.url("psycopg"), pool_size=5)
    site = CelerySite(database, broker, engine, make_app(broker.url), folder)
    try:
        Base.metadata.create_all(engine)
        yield site
    finally:
        for worker in site.workers:
            if worker.poll() is None:
                kill(worker)
        site.app.close()
        engine.dispose()
