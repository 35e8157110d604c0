"""Run backfills: walk the table and set what is to do, look whether nothing is left, and walk again where there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, overload

from sqlalchemy import Connection, Engine, TableClause, text

from pgwright_runtime._running import Sleep, run_on
from pgwright_runtime.backfills.declaration import Backfill
from pgwright_runtime.backfills.errors import BackfillRefused, UnknownBackfill
from pgwright_runtime.backfills.filling import BackfillAct
from pgwright_runtime.backfills.journal import Journal, StoredBackfill, read_stored
from pgwright_runtime.backfills.results import BackfillRun
from pgwright_runtime.backfills.state_table import find_state_table, require_trust
from pgwright_runtime.backfills.target import Target, find_target
from pgwright_runtime.batches import (
    Acted,
    BatchJob,
    BatchMetrics,
    BatchProgress,
    BatchTally,
    FoundRow,
    LockHeld,
    Pace,
    StopFlag,
)
from pgwright_runtime.batches.rows import Position
from pgwright_runtime.batches.run import BatchRunner, running

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

Report = Callable[[BatchProgress], None]
# The expressions mean what they meant where they were declared; and what a constraint says of a row, it says at once.
_PATH = text("SELECT set_config('search_path', :path, true)")
_AT_ONCE = text("SET CONSTRAINTS ALL IMMEDIATE")
_PATIENCE = text("SELECT set_config('lock_timeout', '2s', true), set_config('statement_timeout', '30s', true)")
_STALLED = 3
"""So many walks that change nothing, one after the other, are enough to say that it is not done."""
_REST_S = 1.0
"""Before the next walk when the last one changed nothing: whoever holds rows may be through by then."""


@overload
def run_backfills(
    engine: Engine,
    names: Sequence[str] | None = None,
    *,
    pace: Pace | None = None,
    limit_s: float | None = None,
    stop: StopFlag | None = None,
    progress: Report | None = None,
    metrics: BatchMetrics | None = None,
    schema: str | None = None,
) -> tuple[BackfillRun, ...]: ...
@overload
def run_backfills(
    engine: AsyncEngine,
    names: Sequence[str] | None = None,
    *,
    pace: Pace | None = None,
    limit_s: float | None = None,
    stop: StopFlag | None = None,
    progress: Report | None = None,
    metrics: BatchMetrics | None = None,
    schema: str | None = None,
) -> Coroutine[None, None, tuple[BackfillRun, ...]]: ...
def run_backfills(
    engine: Engine | AsyncEngine,
    names: Sequence[str] | None = None,
    *,
    pace: Pace | None = None,
    limit_s: float | None = None,
    stop: StopFlag | None = None,
    progress: Report | None = None,
    metrics: BatchMetrics | None = None,
    schema: str | None = None,
) -> tuple[BackfillRun, ...] | Coroutine[None, None, tuple[BackfillRun, ...]]:
    """Run backfills that revisions have declared, in batches; with an async engine, await it.

    It may be killed at any moment: what a batch did and how far it is are committed together, and the next run, on
    this machine or another, goes on from there. Of two that run the same backfill, the second one leaves it alone.

    Args:
        engine: its pool needs two connections. The role updates the table, and is trusted by what it runs: the
            declarations are SQL, and may have been written by this role, a superuser or the database's owner only.
        names: None: all that are not done.
        pace: how fast; None: `Pace()`.
        limit_s: seconds after which no batch begins.
        stop: set it to end after the batch that runs.
        progress: told after each batch and while it waits.
        schema: where the table of backfills is; None: on the search path, or else where the only one is.
    Returns: What came of each, in the order of their declaration; `is_done` says of which nothing is left.
    Raises: UnknownBackfill; UntrustedBackfills; BackfillGone; BatchTooSlow; DBAPIError.
    """

    def job(target: Engine, sleep: Sleep) -> tuple[BackfillRun, ...]:
        run = _Run(target, sleep, pace or Pace(), limit_s, StopFlag() if stop is None else stop, progress, metrics)
        return tuple(run.all(None if names is None else tuple(names), schema))

    return run_on(engine, job)


@dataclass
class _Run:
    engine: Engine
    sleep: Sleep
    pace: Pace
    limit_s: float | None
    stop: StopFlag
    progress: Report | None
    metrics: BatchMetrics | None
    began: float = field(default_factory=time.monotonic)

    def all(self, names: tuple[str, ...] | None, schema: str | None) -> Iterator[BackfillRun]:
        with self.engine.connect() as connection:
            connection.execute(_PATIENCE)
            table = find_state_table(connection, schema)
            stored = [] if table is None else read_stored(connection, table, names)
        missing = set(names or ()) - {one.backfill.name for one in stored}
        if missing:
            raise UnknownBackfill(sorted(missing))
        for one in stored:
            assert table is not None
            yield self._one(table, one.backfill)

    def _one(self, table: TableClause, backfill: Backfill) -> BackfillRun:
        name = backfill.name
        began = time.monotonic()
        left_s = None if self.limit_s is None else self.limit_s - (began - self.began)
        settings = {"limit_s": left_s, "stop": self.stop, "progress": self.progress, "metrics": self.metrics}
        try:
            with running(self.engine, self.sleep, lock_name(table, name), pace=self.pace, **settings) as runner:  # type: ignore[arg-type]
                work = self._prepared(table, name, runner)
                ran = work.run() if isinstance(work, _Work) else work
        except LockHeld:
            return BackfillRun(name, backfill.relation, False, "runs already, in another process")
        except BackfillRefused as error:
            return BackfillRun(name, backfill.relation, False, "refused", refusals=error.reasons)
        if ran.is_done and self.metrics is not None:
            self.metrics.finished(name)
        return replace(ran, seconds=time.monotonic() - began, notes=runner.notes)

    def _prepared(self, table: TableClause, name: str, runner: BatchRunner) -> _Work | BackfillRun:
        """Read the declaration while nobody else runs it."""
        with self.engine.connect() as connection:
            connection.execute(_PATIENCE)
            require_trust(connection, table)
            stored = next(iter(read_stored(connection, table, (name,))), None)
            if stored is None:
                raise UnknownBackfill([name])
            if stored.is_done:
                return BackfillRun(name, stored.backfill.relation, True, "done before", left=0)
            target = find_target(connection, stored.backfill)
        return _Work(self.engine, self.sleep, runner, table, stored, target)


def lock_name(table: TableClause, name: str) -> str:
    """Return the name of the lock of a backfill."""
    return f"backfill {table.schema}.{name}"


@dataclass
class _Work:
    """One backfill, while its lock is held."""

    engine: Engine
    sleep: Sleep
    runner: BatchRunner
    table: TableClause
    stored: StoredBackfill
    target: Target
    tallies: list[BatchTally] = field(default_factory=list)

    def run(self) -> BackfillRun:
        """Walk until nothing is left, until walks change nothing, or until the run has to end."""
        position, stalled = self.stored.position, 0
        while True:
            filling = BackfillAct(self.stored.backfill, self.target)
            tally = self._fill(filling, position)
            if not self._goes_on():
                return self._result(filling, tally, None)
            left = self._left()
            if not self._goes_on():
                return self._result(filling, tally, None)
            if left == 0:
                with self._transaction() as connection:
                    Journal(self.table, self.stored.backfill.name, filling).end(connection)
                return self._result(filling, tally, 0)
            is_whole, position = position is None, None
            stalled = stalled + 1 if is_whole and not tally.rows else 0
            if stalled == _STALLED or (stalled and not _may_pass(tally, left)):
                return self._result(filling, tally, left)
            if stalled:
                self.sleep(_REST_S)

    def _goes_on(self) -> bool:
        return self.runner.end.word == "done"

    def _fill(self, filling: BackfillAct, position: Position | None) -> BatchTally:
        """Walk the table once, and set what is to do."""
        backfill = self.stored.backfill
        journal = Journal(self.table, backfill.name, filling)
        with self._transaction() as connection:
            journal.begin(connection, position, self.target.row_estimate)
            self.target = find_target(connection, backfill)
        job = BatchJob(
            backfill.name,
            self.target.walk(backfill.condition, "no key update"),
            filling,
            (backfill.relation,),
            total=self.target.row_estimate,
            start=position,
            prepare=self._prepare,
            keep=journal.keep,
        )
        tally = self.runner.run(job)
        self.tallies.append(tally)
        return tally

    def _left(self) -> int:
        """Count what is left, window by window and without a lock: what others hold counts as well."""
        backfill = self.stored.backfill
        left = 0

        def count(connection: Connection, rows: Sequence[FoundRow]) -> Acted:
            nonlocal left
            left += len(rows)
            return Acted({}, len(rows))

        walk = self.target.walk(backfill.condition, "none")
        tables, name = (backfill.relation,), f"{backfill.name}: what is left"
        job = BatchJob(name, walk, count, tables, total=self.target.row_estimate, prepare=self._prepare)
        self.tallies.append(self.runner.run(job))
        return left

    def _prepare(self, connection: Connection) -> None:
        connection.execute(_PATH, {"path": self.stored.search_path})
        if self.target.defers:
            connection.execute(_AT_ONCE)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            connection.execute(_PATIENCE)
            yield connection

    def _result(self, filling: BackfillAct, last: BatchTally, left: int | None) -> BackfillRun:
        end = self.runner.end
        ended = f"{end.word}: {end.reason}" if end.reason else end.word
        return BackfillRun(
            name=self.stored.backfill.name,
            table=self.stored.backfill.relation,
            is_done=left == 0,
            ended="rows are left that cannot be done" if left else ended,
            changed=sum(one.rows for one in self.tallies),
            left=left,
            left_out=last.left_out,
            failed=filling.failed_rows(),
            batches=sum(one.batches for one in self.tallies),
            waited_s=sum(one.waited_s for one in self.tallies),
            longest_s=max((one.longest_s for one in self.tallies), default=0),
        )


def _may_pass(tally: BatchTally, left: int) -> bool:
    """True when some of the rows that are left were only held by others."""
    return left > sum(tally.left_out.values()) or "locked by others" in tally.left_out
