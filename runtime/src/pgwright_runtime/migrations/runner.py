"""The runner: revision by revision, each its own transaction, tried again while others are in its way."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, text
from sqlalchemy.util import await_only

from pgwright_runtime._alchemy import beside
from pgwright_runtime.migrations import inside
from pgwright_runtime.migrations.alone import LoneStatement
from pgwright_runtime.migrations.execution import MigrationExecution
from pgwright_runtime.migrations.health import MigrationHealth
from pgwright_runtime.migrations.journal import MigrationJournal
from pgwright_runtime.migrations.one_revision import ONE_TRANSACTION, RevisionRun
from pgwright_runtime.migrations.one_runner import await_what_was_killed, end_what_was_killed, one_runner
from pgwright_runtime.migrations.pace import MigrationPace
from pgwright_runtime.migrations.results import MigrationProgress, MigrationRun, Phase, RanRevision, Tell
from pgwright_runtime.migrations.watching import watched

log = logging.getLogger("pgwright.migrations")
_WHERE = text("SELECT pg_catalog.current_database(), pg_catalog.current_schema(), pg_catalog.pg_backend_pid()")
_POOLED = (
    "a pooler is between us and the server: where it is in transaction mode, what runs outside of a transaction keeps "
    "the role's own timeouts, and is not watched; connect to the server itself for concurrent builds"
)


class MigrationRunner:
    """Runs what an Alembic command has to do.

    Args:
        context: as env.py configured it.
        tell: told how far it is; also from another thread.
        ends_outer: a transaction that env.py began before `configure()` may be committed, and each revision be its own.
        between: called before each further revision; True ends the run.
        recover: given what a revision raised, rolled back, and an engine; True when it may be tried again now.
    """

    def __init__(
        self,
        context: MigrationContext,
        pace: MigrationPace | None = None,
        *,
        tell: Tell | None = None,
        ends_outer: bool = False,
        between: Callable[[], bool] | None = None,
        recover: Callable[[Exception, Engine], bool] | None = None,
    ) -> None:
        self._context, self.pace = context, pace or MigrationPace()
        self._tell_all, self._ends_outer, self._between = tell or (lambda told: None), ends_outer, between
        self._recover = recover
        self._now = MigrationProgress("running")
        self._notes: list[str] = []
        self._ran: list[RanRevision] = []
        self._is_own = True

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be watched or kept, with the reason."""
        return tuple(dict.fromkeys(self._notes))

    @property
    def so_far(self) -> tuple[RanRevision, ...]:
        """The revisions that ran, also when an error ended the run."""
        return tuple(self._ran)

    def run(self, **options: Any) -> MigrationRun:
        """Run the revisions.

        Raises: MigrationStopped, with what to do; CommandError of Alembic; whatever a revision raises. What is
        committed by then stays.
        """
        context, started = self._context, time.monotonic()
        connection = context.connection
        if context.as_sql or connection is None or connection.dialect.name != "postgresql" or context.purge:
            inside.run_as_alembic(context, options)
            return MigrationRun("")
        side = beside(connection.engine)
        with inside.own_transactions(context, ends_outer=self._ends_outer) as self._is_own:
            database = self._look_around()
            heads, steps = inside.steps_of(context)
            inside.settle(context)
            if not inside.are_revisions(steps):
                inside.run_as_alembic(context, options)
                return MigrationRun(database)
            with one_runner(side, self.pace, self._pausing("runner")) as still_held:
                end_what_was_killed(side, self._pausing("runner"))
                # Another run may have done it meanwhile.
                heads, steps = inside.steps_again(context)
                self._run(side, heads, steps, still_held, options)
        return MigrationRun(database, tuple(self._ran), time.monotonic() - started, self.notes)

    def _look_around(self) -> str:
        connection = self._connection
        database, self._schema, pid = connection.execute(_WHERE).one()
        own_pid = _driver_pid(connection)
        self._is_pooled = own_pid is not None and own_pid != pid
        if self._is_pooled:
            self._note(_POOLED)
        if not self._is_own:
            self._note(ONE_TRANSACTION)
        inside.settle(self._context)
        return str(database)

    @property
    def _connection(self) -> Connection:
        assert self._context.connection is not None
        return self._context.connection

    def _run(
        self, side: Engine, heads: Sequence[str], steps: Sequence[Any], still_held: Callable[[], None], options: Any
    ) -> None:
        context = self._context
        if steps and not heads:
            inside.ensure_version_table(context)
        journal = self._open_journal(heads)
        health = MigrationHealth(side, self.pace)
        with watched(side, self.pace, self._built) as watch:
            if watch.trouble:
                self._note(f"nobody watches who waits for us, because a second session was refused: {watch.trouble}")
            execution = MigrationExecution(self._connection, journal, self.pace, watch, self._told)
            execution.is_pooled, execution.is_own, execution.sleep = self._is_pooled, self._is_own, self._sleep
            execution.run_alone = LoneStatement(execution).run
            execution.end_reading = partial(_end_reading, execution, context)  # type: ignore[method-assign]
            recover = (lambda error: False) if self._recover is None else partial(_recovered, self._recover, side)
            running = RevisionRun(context, execution, self._told, is_own=self._is_own, recover=recover)
            with execution.listening(), running.autocommit_blocks(), Operations.context(context):
                self._notes += running.analyze_what_was_left()
                for number, step in enumerate(steps, 1):
                    if number > 1 and self._between is not None and self._between():
                        break
                    still_held()
                    self._now = MigrationProgress("health", step.revision.revision, number, len(steps))
                    health.wait(self._pausing("health"))
                    found, ran = running.run(step, heads, options)
                    heads = sorted(found)
                    self._ran.append(ran)
                    self._told(MigrationProgress("done", ran.revision))
        self._notes += [*health.notes]

    def _open_journal(self, heads: Sequence[str]) -> MigrationJournal | None:
        context = self._context
        schema = context.version_table_schema or self._schema
        if schema is None:
            self._note("no journal is kept, because the search_path names no schema that exists")
            return None
        journal = MigrationJournal(schema, context.version_table)
        with inside.reading(context, is_own=self._is_own):
            reason = journal.create(self._connection)
        if reason:
            self._note(
                f"no journal is kept, because {reason}: a revision with an autocommit block begins anew after a kill"
            )
            return None
        await_what_was_killed(self._connection, journal, self._pausing("runner"), lambda: inside.settle(context))
        if (applied := inside.applied(context, heads)) is not None:
            with inside.reading(context, is_own=self._is_own):
                journal.abandon(self._connection, applied)
        return journal

    # ---- What is told.

    def _note(self, note: str) -> None:
        log.warning("%s", note)
        self._notes.append(note)

    def _told(self, told: MigrationProgress) -> None:
        self._now = replace(told, number=self._now.number, of=self._now.of)
        self._tell_all(self._now)

    def _built(self, phase: str, done: int, total: int) -> None:
        self._tell_all(replace(self._now, phase="building", reason=phase, done=done, total=total))

    def _pausing(self, phase: Phase) -> Callable[[float, str], None]:
        def pause(seconds: float, reason: str) -> None:
            self._tell_all(replace(self._now, phase=phase, reason=reason))
            self._sleep(seconds)

        return pause

    def _sleep(self, seconds: float) -> None:
        if self._connection.dialect.is_async:
            await_only(asyncio.sleep(seconds))
        else:
            time.sleep(seconds)


def _end_reading(execution: MigrationExecution, context: MigrationContext) -> None:
    """End the transaction in which was looked who is in the way."""
    if execution.is_first:
        execution.restart()
    elif not execution.is_autocommit:  # there a look opens none, and Alembic counts on its own
        inside.settle(context)


def _recovered(recover: Callable[[Exception, Engine], bool], engine: Engine, error: Exception) -> bool:
    return recover(error, engine)


def _driver_pid(connection: Connection) -> int | None:
    """Return the process that the driver was told it talks to; a pooler tells a number of its own."""
    driver: Any = connection.connection.driver_connection
    with suppress(Exception):
        if hasattr(driver, "get_server_pid"):
            return int(driver.get_server_pid())
        if hasattr(driver, "info"):
            return int(driver.info.backend_pid)
    return None
