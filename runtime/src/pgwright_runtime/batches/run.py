"""The loop: look whether to wait, do a batch in a transaction of its own, rest, and go on where it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from pgwright_runtime._locks import try_lock
from pgwright_runtime._running import Sleep, run_on
from pgwright_runtime.batches.errors import BatchTooSlow, LockHeld, RowsMoved
from pgwright_runtime.batches.job import Acted, BatchJob, BatchStep, BatchTally
from pgwright_runtime.batches.metrics import BatchMetrics
from pgwright_runtime.batches.pace import BatchSize, Pace, RoundTrips
from pgwright_runtime.batches.pauses import Pauses, sessions_waiting
from pgwright_runtime.batches.progress import BatchProgress, Report
from pgwright_runtime.batches.rows import Position
from pgwright_runtime.batches.stopping import StopFlag
from pgwright_runtime.batches.trouble import TRIES, is_passing, pause_s, why_stepped_over
from pgwright_runtime.batches.walk import FoundRows

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

_LOOK_S = 0.25
"""Between two looks while there is a reason to wait."""
# The plans that a batch needs go along an index, of which the planner may think otherwise while statistics are old.
# A penalty on other plans makes costs large, and large costs start the compiler.
_LIMITS = text("""
    SELECT set_config('lock_timeout', :lock, true), set_config('statement_timeout', :statement, true),
        set_config('idle_in_transaction_session_timeout', :statement, true), set_config('jit', 'off', true),
        set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
        set_config('max_parallel_workers_per_gather', '0', true)
""")

EndWord = Literal["done", "out of time", "stopped", "gave way"]


@dataclass(frozen=True)
class BatchEnd:
    """How a run ended."""

    word: EndWord
    """`done`: nothing is left; `stopped`: by the flag; `gave way`: one reason to wait lasted too long."""
    reason: str = ""


class BatchRunner:
    """Runs jobs one after the other, under one deadline."""

    def __init__(
        self,
        engine: Engine,
        sleep: Sleep,
        pace: Pace,
        *,
        is_locked: Callable[[], None],
        limit_s: float | None = None,
        stop: StopFlag | None = None,
        progress: Report | None = None,
        metrics: BatchMetrics | None = None,
    ) -> None:
        self._engine, self._sleep, self._pace = engine, sleep, pace
        self._is_locked, self._stop = is_locked, StopFlag() if stop is None else stop
        # Clocks jump; what is measured here does not.
        self._deadline = None if limit_s is None else time.monotonic() + limit_s
        self._progress, self._metrics = progress, metrics
        self._pauses, self._trips = Pauses(engine, pace), RoundTrips()
        self.end = BatchEnd("done")

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not watched, with the reason."""
        return self._pauses.notes

    def run(self, job: BatchJob) -> BatchTally:
        """Do a job until nothing is left, or until the run has to end; `end` says which.

        Raises: BatchTooSlow; DBAPIError: what trying again does not mend.
        """
        tally = BatchTally(position=job.start)
        size, started = BatchSize(self._pace), time.monotonic()
        is_last = False
        while not is_last and self._may_go_on(job, tally, started):
            is_last = self._next(job, tally, size)
            self._tell(job, tally, started)
        return tally

    def may_begin(self, what: str, tables: Sequence[str]) -> bool:
        """Wait while there is a reason not to touch some tables, and tell whether the run goes on."""
        started = time.monotonic()

        def waits(reason: str) -> None:
            if self._progress is not None:
                passed = time.monotonic() - started
                self._progress(BatchProgress(what, 0, 0, None, passed, reason, self._pauses.notes))

        return self._gives_way(tables, waits)

    def _may_go_on(self, job: BatchJob, tally: BatchTally, started: float) -> bool:
        """Wait while there is a reason, and tell whether another batch may begin."""

        def waits(reason: str) -> None:
            self._tell(job, tally, started, reason)
            tally.waited_s += _LOOK_S

        return self._gives_way(job.tables, waits)

    def _gives_way(self, tables: Sequence[str], waits: Callable[[str], None]) -> bool:
        """Wait while there is a reason, and say so before each look; False: the run has to end."""
        since: dict[str, float] = {}
        while True:
            self._is_locked()
            if self._has_ended():
                return False
            found = self._pauses.look(tables)
            if self._metrics is not None:
                self._metrics.waits(found[0] if found else None)
            if found is None:
                return True
            cause, reason = found
            began = since.setdefault(cause, time.monotonic())
            if time.monotonic() - began > self._pace.patience_s:
                self.end = BatchEnd("gave way", f"{reason}, and that for {self._pace.patience_s:g} s")
                return False
            waits(reason)
            self._sleep(_LOOK_S)

    def _has_ended(self) -> bool:
        if self._stop:
            self.end = BatchEnd("stopped", self._stop.reason)
        elif self._deadline is not None and time.monotonic() >= self._deadline:
            self.end = BatchEnd("out of time")
        return self.end.word != "done"

    def _next(self, job: BatchJob, tally: BatchTally, size: BatchSize) -> bool:
        """Do one batch, with fewer rows or again where it has to be; tell whether it was the last."""
        attempt = 0
        while True:
            found: list[FoundRows] = []
            began = time.monotonic()
            try:
                return self._batch(job, tally, size, found)
            except (DBAPIError, RowsMoved) as error:
                took = time.monotonic() - began
                attempt += 1
                if is_passing(error) and attempt <= TRIES:
                    self._sleep(pause_s(attempt))
                    self._is_locked()
                elif not self._shrinks(job, tally, size, found, error, took):
                    raise
                if self._stop:  # what could not be done now is left to the next run
                    return False

    def _shrinks(
        self,
        job: BatchJob,
        tally: BatchTally,
        size: BatchSize,
        found: list[FoundRows],
        error: DBAPIError | RowsMoved,
        took: float,
    ) -> bool:
        """Try fewer rows, and step over the one that cannot be done; False: the error is of another kind."""
        reason = why_stepped_over(error, took, self._pace.statement_timeout_ms)
        if reason is None:
            return False
        if size.rows > 1 and not (found and len(found[0].rows) == 1):
            size.rows = min(size.rows, len(found[0].rows)) if found else size.rows
            size.failed()
            return True
        if not found:
            raise BatchTooSlow(job.name, job.tables[0], self._pace.statement_timeout_ms) from error
        tally.position = found[0].rows[0].position
        tally.add(Acted({}, 1, {reason: 1}))
        size.stepped_over()
        return True

    def _batch(self, job: BatchJob, tally: BatchTally, size: BatchSize, found: list[FoundRows]) -> bool:
        began, wanted = time.monotonic(), size.rows
        with self._transaction() as connection:
            self._trips.opened(time.monotonic() - began)
            if job.prepare is not None:
                job.prepare(connection)
            batch = job.walk.find(connection, tally.position, wanted)
            found.append(batch)
            acted = job.act(connection, batch.rows) if batch.rows else Acted({}, 0)
            is_whole = acted.through == len(batch.rows)
            walked = wanted if job.walk.by_windows and is_whole else acted.through
            step = BatchStep(_next_position(tally, batch, acted), walked, acted)
            if job.keep is not None:
                job.keep(connection, step)
            is_waited_for = bool(batch.rows) and sessions_waiting(connection) > 0
        took = time.monotonic() - began
        self._count(job, tally, step, took)
        by_rows = self._trips.without(took)
        size.took(by_rows, was_full=is_whole and (job.walk.by_windows or len(batch.rows) == wanted))
        rest = self._pace.rest_s(by_rows)
        if is_waited_for:  # whoever waited gets ahead, and waits shorter the next time
            size.halve()
            rest += took
        is_last = batch.is_last and is_whole
        if not is_last:
            self._sleep(rest)
        return is_last

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        pace = self._pace
        with self._engine.begin() as connection:
            limits = {"lock": f"{pace.lock_timeout_ms}ms", "statement": f"{pace.statement_timeout_ms}ms"}
            connection.execute(_LIMITS, limits)
            yield connection

    def _count(self, job: BatchJob, tally: BatchTally, step: BatchStep, took: float) -> None:
        tally.position = step.position
        tally.walked += step.walked
        tally.add(step.acted)
        tally.batches += 1
        tally.seconds += took
        tally.longest_s = max(tally.longest_s, took)
        if self._metrics is not None:
            self._metrics.did(job.name, step.acted.rows, took)

    def _tell(self, job: BatchJob, tally: BatchTally, started: float, waiting: str = "") -> None:
        if self._progress is not None:
            passed = time.monotonic() - started
            self._progress(
                BatchProgress(job.name, tally.rows, tally.walked, job.total, passed, waiting, self._pauses.notes)
            )


def _next_position(tally: BatchTally, batch: FoundRows, acted: Acted) -> Position | None:
    if acted.through == len(batch.rows):
        return batch.end
    return batch.rows[acted.through - 1].position if acted.through else tally.position


@contextmanager
def running(
    engine: Engine,
    sleep: Sleep,
    lock: str,
    *,
    pace: Pace,
    limit_s: float | None = None,
    stop: StopFlag | None = None,
    progress: Report | None = None,
    metrics: BatchMetrics | None = None,
) -> Iterator[BatchRunner]:
    """Give a runner while the lock is held. Raises: LockHeld."""
    # Each statement sees what is committed by then; a snapshot that lasts would also hold vacuum back.
    target = engine.execution_options(isolation_level="READ COMMITTED")
    with try_lock(target, lock) as is_locked:
        if is_locked is None:
            raise LockHeld(lock)
        yield BatchRunner(
            target,
            sleep,
            pace,
            is_locked=is_locked,
            limit_s=limit_s,
            stop=stop,
            progress=progress,
            metrics=metrics,
        )
        if metrics is not None:
            metrics.waits(None)


@overload
def run_batches(engine: Engine, jobs: Sequence[BatchJob], *, lock: str, **settings: Any) -> Ran: ...
@overload
def run_batches(
    engine: AsyncEngine, jobs: Sequence[BatchJob], *, lock: str, **settings: Any
) -> Coroutine[Any, Any, Ran]: ...
def run_batches(
    engine: Engine | AsyncEngine, jobs: Sequence[BatchJob], *, lock: str, pace: Pace | None = None, **settings: Any
) -> Ran | Coroutine[Any, Any, Ran]:
    """Do jobs in batches, one after the other; with an async engine, await it.

    No position is kept: what a job has done must no longer be among the rows that its walk means, as in
    `WHERE new_column IS NULL`; then the next run begins at the start and finds what is left. A job that cannot say so
    keeps the position of the rows that it is given, in a table of its own, by a statement in the same transaction, and
    gives it back as `start`: see `BatchJob.keep`.

    Args:
        engine: its pool needs two connections.
        lock: the name under which no two run at once on a database.
        pace: how fast; None: `Pace()`.
        settings: `limit_s`, seconds after which no batch begins; `stop`, a StopFlag; `progress`, told after each batch
            and while it waits; `metrics`.
    Returns: The tally of each job that was begun, and how the run ended.
    Raises: LockHeld; BatchTooSlow; DBAPIError.
    """

    def job(target: Engine, sleep: Sleep) -> Ran:
        with running(target, sleep, lock, pace=pace or Pace(), **settings) as runner:
            tallies: list[BatchTally] = []
            for one in jobs:
                if runner.end.word == "done":
                    tallies.append(runner.run(one))
            return Ran(tuple(tallies), runner.end, runner.notes)

    return run_on(engine, job)


@dataclass(frozen=True)
class Ran:
    """What came of a run."""

    tallies: tuple[BatchTally, ...]
    end: BatchEnd
    notes: tuple[str, ...]
    """What was not watched, with the reason."""
