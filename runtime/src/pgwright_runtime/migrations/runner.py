"""The runner: revision by revision, each its own transaction, tried again while others are in its way."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.util import await_only

from pgwright_runtime._alchemy import beside
from pgwright_runtime.migrations import inside
from pgwright_runtime.migrations.alone import LoneStatement
from pgwright_runtime.migrations.analyzing import without_statistics
from pgwright_runtime.migrations.execution import InTheWay, MigrationExecution, StepBack
from pgwright_runtime.migrations.health import MigrationHealth
from pgwright_runtime.migrations.journal import Journal, JournalLine, RevisionKey
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
_ONE_TRANSACTION = (
    "env.py began a transaction before context.configure(), so all revisions are one, and keep their locks to its end: "
    "use connect(), and commit what is executed before configure()"
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
            self._note(_ONE_TRANSACTION)
        inside.settle(self._context)
        return str(database)

    @property
    def _connection(self) -> Connection:
        assert self._context.connection is not None
        return self._context.connection

    def _run(
        self, side: Engine, heads: Sequence[str], steps: Sequence[Any], still_held: Callable[[], None], options: Any
    ) -> None:
        context, self._side = self._context, side
        if steps and not heads:
            inside.ensure_version_table(context)
        journal = self._open_journal(heads)
        health = MigrationHealth(side, self.pace)
        with watched(side, self.pace, self._built) as watch:
            if watch.trouble:
                self._note(f"nobody watches who waits for us, because a second session was refused: {watch.trouble}")
            self._execution = MigrationExecution(self._connection, journal, self.pace, watch, self._told)
            self._execution.is_pooled = self._is_pooled
            self._execution.sleep = self._sleep
            self._execution.run_alone = LoneStatement(self._execution).run
            self._execution.end_reading = lambda: inside.settle(context)  # type: ignore[method-assign]
            with self._execution.listening(), self._autocommit_blocks(), Operations.context(context):
                for number, step in enumerate(steps, 1):
                    if number > 1 and self._between is not None and self._between():
                        break
                    still_held()
                    self._now = MigrationProgress("health", step.revision.revision, number, len(steps))
                    health.wait(self._pausing("health"))
                    heads = sorted(self._revision(step, heads, options))
        self._notes += [*health.notes]

    def _open_journal(self, heads: Sequence[str]) -> Journal | None:
        context = self._context
        schema = context.version_table_schema or self._schema
        if schema is None:
            self._note("no journal is kept, because the search_path names no schema that exists")
            return None
        journal = Journal(schema, context.version_table)
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

    # ---- One revision.

    def _revision(self, step: Any, heads: Sequence[str], options: Mapping[str, Any]) -> set[str]:
        execution, started = self._execution, time.monotonic()
        execution.waited_s = 0.0
        self._open_revision(step)
        log.info("Running %s", step)
        attempt = 1
        while True:
            execution.watch.forget()
            execution.begin_try()
            try:
                found = self._try(step, heads, dict(options), started, attempt)
            except InTheWay as error:
                execution.watch.pause()
                execution.wait_for(error, execution.statement)
            except Exception as error:  # noqa: BLE001 - a revision may raise anything, and it is raised again
                execution.watch.pause()
                self._again_or_raise(error, attempt)
                attempt += 1
            except BaseException:
                execution.watch.pause()
                raise
            else:
                self._finish(step, started, attempt)
                return found

    def _open_revision(self, step: Any) -> None:
        execution, revision = self._execution, step.revision.revision
        key, lines = RevisionKey(revision, step.is_upgrade), list[JournalLine]()
        if execution.journal is not None:
            with execution.ours():
                key, lines = execution.journal.open(self._connection, revision, step.is_upgrade)
            inside.settle(self._context)
        execution.begin_revision(key, lines)
        if lines:
            log.info("%s goes on after %d statements of an interrupted run", revision, execution.resumed_after)

    def _try(self, step: Any, heads: Sequence[str], options: dict[str, Any], started: float, attempt: int) -> set[str]:
        execution, context = self._execution, self._context
        with inside.revision_transaction(context, is_own=self._is_own):
            execution.open_transaction()
            with self._result_unused():
                step.migration_fn(**options)
            if execution.watch.stepped_back:
                raise StepBack(execution.watch.stepped_back)
            with execution.ours():
                found = inside.move_heads(context, heads, step, options)
                self._to_analyze = without_statistics(self._connection, execution.touched, execution.written)
            note = {"analyze": self._to_analyze} if self._to_analyze else {}
            execution.finish(time.monotonic() - started, execution.waited_s, attempt, note)
        execution.watch.pause()
        return found

    def _again_or_raise(self, error: Exception, attempt: int) -> None:
        execution = self._execution
        is_passing = isinstance(error, StepBack) or execution.is_passing(error)
        if not is_passing and self._recover is not None and self._recover(error, self._side):
            return
        if not is_passing or self._connection.invalidated:
            raise error
        if attempt == self.pace.tries:
            raise execution.explained(error, execution.statement) from error
        execution.rest(attempt, execution.why(error))

    def _finish(self, step: Any, started: float, attempt: int) -> None:
        execution = self._execution
        notes: list[str] = []
        analyzed = self._analyze(notes) if self._is_own else ()
        self._ran.append(
            RanRevision(
                revision=step.revision.revision,
                message=(step.doc or "").strip().partition("\n")[0],
                is_upgrade=step.is_upgrade,
                statements=execution.ordinal,
                resumed_after=execution.resumed_after,
                seconds=time.monotonic() - started,
                waited_s=execution.waited_s,
                tries=attempt,
                locks=dict(execution.locks),
                analyzed=analyzed,
                notes=tuple(notes),
            )
        )
        self._told(MigrationProgress("done", step.revision.revision))

    def _analyze(self, notes: list[str]) -> tuple[str, ...]:
        done = []
        for table in self._to_analyze:
            self._told(MigrationProgress("analyzing", self._now.revision, statement=f"ANALYZE {table}"))
            try:
                with self._execution.ours(), inside.reading(self._context, is_own=True):
                    timeout = f"SET LOCAL lock_timeout = {self.pace.lock_timeout_ms}"
                    self._connection.exec_driver_sql(timeout).close()
                    self._connection.exec_driver_sql(f"ANALYZE {table}").close()
                done.append(table)
            except DBAPIError as error:
                notes.append(
                    f"{table} was not analyzed ({str(error.orig).strip().splitlines()[0]}); run ANALYZE {table}"
                )
        return tuple(done)

    # ---- Autocommit blocks, and whose result nobody reads.

    @contextmanager
    def _autocommit_blocks(self) -> Iterator[None]:
        context = self._context
        original = context.autocommit_block
        context.autocommit_block = self._block_of(original)  # type: ignore[method-assign]
        try:
            yield
        finally:
            context.autocommit_block = original  # type: ignore[method-assign]

    def _block_of(self, original: Callable[[], AbstractContextManager[None]]) -> Any:
        execution = self._execution

        @contextmanager
        def block() -> Iterator[None]:
            if not self._is_own:
                raise CommandError(f"an autocommit block needs a transaction of its own, and {_ONE_TRANSACTION}")
            if execution.watch.stepped_back:
                raise StepBack(execution.watch.stepped_back)
            execution.flush()
            execution.watch.pause()
            with _first_error(), original():
                execution.is_autocommit = True
                try:
                    yield
                finally:
                    execution.is_autocommit = False
            execution.open_transaction()

        return block

    @contextmanager
    def _result_unused(self) -> Iterator[None]:
        """Know what is executed by an operation, whose result nobody sees: it may be skipped, whatever it is."""
        execution, impl = self._execution, self._context.impl
        original = impl._exec

        def execute(*arguments: Any, **named: Any) -> Any:
            before, execution.is_result_unused = execution.is_result_unused, True
            try:
                return original(*arguments, **named)
            finally:
                execution.is_result_unused = before

        impl._exec = execute  # type: ignore[method-assign]
        try:
            yield
        finally:
            impl._exec = original  # type: ignore[method-assign]

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


@contextmanager
def _first_error() -> Iterator[None]:
    """Raise what ended the block, not what Alembic meets when it tidies up on a connection that Ctrl-C has closed."""
    try:
        yield
    except Exception as error:
        first: BaseException = error
        while isinstance(first, InvalidRequestError) and first.__context__ is not None:
            first = first.__context__
        if first is error:
            raise
        raise first from None


def _driver_pid(connection: Connection) -> int | None:
    """Return the process that the driver was told it talks to; a pooler tells a number of its own."""
    driver: Any = connection.connection.driver_connection
    with suppress(Exception):
        if hasattr(driver, "get_server_pid"):
            return int(driver.get_server_pid())
        if hasattr(driver, "info"):
            return int(driver.info.backend_pid)
    return None
