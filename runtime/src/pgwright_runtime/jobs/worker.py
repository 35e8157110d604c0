"""The worker: claims jobs, runs each in the transaction that marks it as done, and sleeps until it is woken."""

from __future__ import annotations

import logging
import os
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from inspect import isawaitable, iscoroutinefunction
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, exc
from sqlalchemy.orm import Session
from sqlalchemy.util import await_only

from pgwright_runtime import metrics
from pgwright_runtime._alchemy import sync_engine
from pgwright_runtime._background import Event, Tasks, Threads
from pgwright_runtime._listening import AwaitingListener, BlockingListener, Listener
from pgwright_runtime._publishing import Publisher
from pgwright_runtime._running import run_on
from pgwright_runtime._sessions import bound_to, new_session
from pgwright_runtime._signals import stopped_by_signals
from pgwright_runtime.errors import Error
from pgwright_runtime.jobs.mixin import JobMixin
from pgwright_runtime.jobs.queue import Claim, queue_of

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from sqlalchemy.ext.asyncio import AsyncEngine

log = logging.getLogger("pgwright.jobs")
Jobs = Sequence[tuple[Any, Claim]]
Handlers = Mapping[str, Callable[[Any, Any], Any]]
_LOST = (exc.DBAPIError, exc.TimeoutError, OSError)
# No such table, no right to it, or none of the app's words: it will not get better.
_WRONG = (exc.ProgrammingError, exc.IntegrityError, exc.DataError)
_FIRST_PAUSE_S = 0.05
_MOST_BATCH = 20
_END_S = 5.0
_HOST = socket.gethostname()
_LATE = (metrics.JOBS_TAKEN_OVER, metrics.JOBS_DEAD)


class LeaseLost(Error):
    """A worker was so late that others have its jobs: what it did in its transaction is undone."""

    def __init__(self, table: str, lost: int, lease_s: float) -> None:
        super().__init__(
            f"{lost} jobs of {table!r} were taken over before they were done, and what was done is undone. Unless the "
            f"worker stood still, give it more than lease_s={lease_s:g}, and no handler that blocks its event loop"
        )


def backoff(failures: int) -> float:
    """Return seconds until the next attempt: 1, 2, 4 and so on up to 900, up to half of it less, at random.

    Source: Exponential Backoff And Jitter, AWS Architecture Blog ("equal jitter").
    """
    return float(min(900, 2 ** (failures - 1)) * random.uniform(0.5, 1))


@dataclass(eq=False, kw_only=True)
class Worker:
    """Runs the jobs of one table, a batch after the other, until `stop`. Make an async one inside its event loop."""

    engine: Engine | AsyncEngine
    """It gives up to three connections at a time."""
    model: type[JobMixin]
    handlers: Handlers
    """By kind, called as `(session, job)`. Jobs of other kinds are left to other workers, or to newer code."""
    batch: int = 1
    """Jobs that are claimed, and committed, together, 1 to 20; more than 1 for jobs of milliseconds. One that fails is
    undone alone, and alone in its transaction at the next attempt."""
    lease_s: float = 60.0
    """After this long without a sign of life, others take a worker's jobs over."""
    poll_s: float = 5.0
    """How often an idle worker looks for jobs that no NOTIFY told of."""
    listen: bool = True
    """False behind a pooler in transaction mode, where no NOTIFY comes through."""
    sessions: Callable[[], Any] | None = None
    """Makes the handlers' sessions: a `sessionmaker` or `async_sessionmaker`; None: plain ones."""
    delay: Callable[[int], float] = backoff
    """Seconds until the next attempt, by the number of attempts that failed."""
    registry: CollectorRegistry | None = None
    """Where to publish `pgwright_runtime.metrics.JOBS`; None: nowhere."""

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= _MOST_BATCH:
            raise ValueError(f"batch is {self.batch}; use 1 to {_MOST_BATCH}")
        is_sync = isinstance(self.engine, Engine)
        for kind in filter(lambda kind: is_sync and iscoroutinefunction(self.handlers[kind]), self.handlers):
            raise ValueError(f"the handler of {kind!r} is async, and the engine is not")
        self._runner: Threads | Tasks = Threads() if is_sync else Tasks()
        self._listener: Listener = BlockingListener() if is_sync else AwaitingListener()
        self._engine, self._queue, self._kinds = sync_engine(self.engine), queue_of(self.model), list(self.handlers)
        self._published = Publisher(self.registry, self._queue.name)
        self._held: list[Claim] = []
        self._begun: list[Claim] = []
        self._stopping = False
        self._batch, self._pause_s, self._look_around_at = self.batch, _FIRST_PAUSE_S, 0.0

    def run(self, *, until_idle: bool = False, signals: bool = False) -> Any:
        """Run jobs until `stop`; of a worker with an async engine, await it.

        Args:
            until_idle: end when no job is due, too.
            signals: SIGTERM and SIGINT are `stop`, if this is the main thread; a second one ends it at once.
        """
        return run_on(self.engine, lambda *_: self._run(until_idle, signals))

    def stop(self) -> None:
        """Let `run` end after the job that it is at; from any thread or signal handler."""
        self._stopping = True
        self._listener.wake()

    def _run(self, until_idle: bool, signals: bool) -> None:
        ended = self._runner.event()
        with stopped_by_signals(self.stop) if signals else nullcontext():
            try:
                self._runner.start([lambda: self._stay_alive(ended)], ended.set)
                while not self._stopping:
                    try:
                        with self._connect() as control:
                            return self._serve(control, until_idle)
                    except _WRONG:
                        raise
                    except _LOST as error:
                        log.warning("%s: no connection, trying again: %s", self._queue.name, error)
                        self._release()
                        self._wait()
            finally:
                self._release()
                ended.set()
                self._runner.join(_END_S)

    def _serve(self, control: Connection, until_idle: bool) -> None:
        is_idle = not self.listen
        while not self._stopping:
            if jobs := self._claim(control):
                self._pause_s = _FIRST_PAUSE_S
                if is_idle and self.listen:
                    self._queue.be_idle(control, is_idle := False)
                with self._engine.connect() as connection:
                    while jobs:
                        self._settle(control, connection, jobs)
                        jobs = [] if self._stopping else self._claim(control)
            elif until_idle:
                return
            elif not is_idle:  # and claim again what was committed until now
                self._queue.be_idle(control, is_idle := True)
            else:
                self._wait(self._look(control))

    def _wait(self, due_s: float | None = None) -> None:
        """Wait for a job: shortly at first, for a transaction may have seen nobody idle, and commit now."""
        self._listener.wait(min(self._pause_s, due_s if due_s and due_s > 0 else self._pause_s))
        self._pause_s = min(self.poll_s, 2 * self._pause_s)

    def _claim(self, control: Connection) -> Jobs:
        if time.monotonic() >= self._look_around_at:
            self._look_around_at = time.monotonic() + self.lease_s / 4
            for metric, number in zip(_LATE, self._queue.take_over(control), strict=True):
                self._published.add(metric, number)
            self._look(control)
        with Session(control) as session:
            token = f"{_HOST}/{os.getpid()}/{uuid4().hex}"
            jobs = self._queue.claim(session, self._kinds, token, batch=self._batch, lease_s=self.lease_s)
            session.expunge_all()
        # A job that failed before may have killed its worker: it has its transaction, and its worker, for itself.
        chosen = jobs[:1] if jobs and jobs[0][1].is_risky else [job for job in jobs if not job[1].is_risky]
        self._batch = 1 if len(chosen) < len(jobs) and len(chosen) == 1 else self.batch
        self._held, self._begun = [claim for _, claim in chosen], []
        self._queue.give_back(control, [claim for _, claim in jobs if claim not in self._held])
        for claim in self._held:
            self._published.observe(metrics.JOBS_WAIT, claim.waited_s)
        self._published.add(metrics.JOBS_CLAIMED, len(chosen))
        return chosen

    def _look(self, control: Connection) -> float | None:
        waiting, due_s = self._queue.look(control, self._kinds)
        self._published.set(metrics.JOBS_WAITING, waiting)
        self._published.set(metrics.JOBS_LATE, max(0.0, -(due_s or 0.0)))
        return due_s

    def _settle(self, control: Connection, connection: Connection, jobs: Jobs) -> None:
        """Run claimed jobs, and say of each how it ended."""
        failed = self._run_together(connection, jobs)
        for claim, error in failed.items():
            log.warning("%s: job %s failed, attempt %d", self._queue.name, claim.id, claim.attempt, exc_info=error)
            # Of an error of SQLAlchemy the driver's, without the statement and its values.
            text = f"{type(error).__name__}: {getattr(error, 'orig', None) or error}"
            self._queue.fail(control, claim, text, self.delay(claim.attempt))
            self._published.add(metrics.JOBS_FAILED)
            self._published.add(metrics.JOBS_DEAD, int(claim.is_last))
        self._published.add(metrics.JOBS_FINISHED, len(self._begun) - len(failed))
        self._queue.give_back(control, [claim for claim in self._held if claim not in self._begun])
        self._held = []

    def _run_together(self, connection: Connection, jobs: Jobs) -> dict[Claim, Exception]:
        """Run jobs in one transaction with their end; return those that failed."""
        failed: dict[Claim, Exception] = {}
        given = self.sessions() if self.sessions else new_session(self.engine)
        with bound_to(given, connection) as session:
            try:
                session.add_all(job for job, _ in jobs)
                for job, claim in jobs:
                    if self._stopping and self._begun:
                        break
                    self._begun.append(claim)
                    try:
                        with session.begin_nested() if len(jobs) > 1 else nullcontext():
                            self._handle(given, job, claim)
                            session.flush()
                    except Exception as error:
                        if len(jobs) == 1 or connection.invalidated:
                            raise
                        failed[claim] = error
                done = [claim for claim in self._begun if claim not in failed]
                if lost := len(done) - self._queue.finish(session, done):
                    raise LeaseLost(self._queue.name, lost, self.lease_s)
                session.commit()
            except Exception as error:  # noqa: BLE001  (whatever a handler raises)
                failed = {claim: failed.get(claim, error) for claim in self._begun}
            except BaseException:
                self._begun = []  # no fault of theirs
                raise
        return failed

    def _handle(self, session: Any, job: Any, claim: Claim) -> None:
        started = time.monotonic()
        result = self.handlers[claim.kind](session, job)
        if isawaitable(result):
            await_only(result)
        self._published.observe(metrics.JOBS_RUN, time.monotonic() - started)

    def _release(self) -> None:
        """Let others have what was claimed and not begun. Of what was begun and got no end, the attempt counts."""
        held, self._held = [claim for claim in self._held if claim not in self._begun], []
        if held:
            with suppress(*_LOST), self._connect(listen=False) as connection:
                self._queue.give_back(connection, held)

    def _stay_alive(self, ended: Event) -> None:
        while not ended.is_set():
            ended.wait(self.lease_s / 3)
            if held := self._held:
                try:
                    with self._connect(listen=False) as connection:
                        self._queue.extend(connection, held, self.lease_s)
                except _LOST as error:
                    log.warning("%s: no sign of life: %s", self._queue.name, error)

    @contextmanager
    def _connect(self, *, listen: bool = True) -> Iterator[Connection]:
        """Connect in autocommit: each statement is one round trip."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not (listen and self.listen):
                yield connection
                return
            try:
                self._listener.listen(connection, self._queue.channel)
                yield connection
            finally:
                self._listener.ignore()
                connection.invalidate()  # it still listens, and is not for others


def run_worker(engine: Engine | AsyncEngine, model: type[JobMixin], handlers: Handlers, **options: Any) -> Any:
    """Run a `Worker` with these options until SIGTERM or Ctrl-C; with an async engine, await it."""
    return Worker(engine=engine, model=model, handlers=handlers, **options).run(signals=True)
