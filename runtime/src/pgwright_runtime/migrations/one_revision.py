"""One revision at a time: its transaction, tried again while others are in its way, and its autocommit blocks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError, InvalidRequestError

from pgwright_runtime.migrations import inside
from pgwright_runtime.migrations.analyzing import without_statistics
from pgwright_runtime.migrations.errors import NotResumable, SteppedBack, TableInTheWay
from pgwright_runtime.migrations.execution import MigrationExecution
from pgwright_runtime.migrations.holders import shortened
from pgwright_runtime.migrations.journal import JournalLine, RevisionKey
from pgwright_runtime.migrations.results import MigrationProgress, RanRevision, Tell

log = logging.getLogger("pgwright.migrations")
ONE_TRANSACTION = (
    "env.py began a transaction before context.configure(), so all revisions are one, and keep their locks to its end: "
    "use connect(), and commit what is executed before configure()"
)


class RevisionRun:
    """Runs revisions.

    Args:
        is_own: each is a transaction of its own; False: a savepoint of env.py's.
        recover: given what a revision raised, rolled back; True when it may be tried again now.
    """

    def __init__(
        self,
        context: MigrationContext,
        execution: MigrationExecution,
        told: Tell,
        *,
        is_own: bool,
        recover: Callable[[Exception], bool],
    ) -> None:
        self._context, self.execution, self._told = context, execution, told
        self._is_own, self._recover = is_own, recover
        self._to_analyze: list[str] = []

    def run(self, step: Any, heads: Sequence[str], options: Mapping[str, Any]) -> tuple[set[str], RanRevision]:
        """Run a revision to its commit; return the heads then, and what it was. Raises what it raises, rolled back."""
        execution, started = self.execution, time.monotonic()
        execution.waited_s = 0.0
        self._open_revision(step)
        log.info("Running %s", step)
        attempt = 1
        while True:
            execution.watch.forget()
            execution.begin_try()
            try:
                found = self._try(step, heads, dict(options), started, attempt)
            except TableInTheWay as error:
                execution.watch.pause()
                self._require_whole(error)
                execution.wait_for(error, execution.statement)
            except Exception as error:  # noqa: BLE001 - a revision may raise anything, and it is raised again
                execution.watch.pause()
                self._again_or_raise(error, attempt)
                attempt += 1
            except BaseException:
                execution.watch.pause()
                raise
            else:
                return found, self._ran(step, started, attempt)

    def _open_revision(self, step: Any) -> None:
        execution, revision = self.execution, step.revision.revision
        key, lines = RevisionKey(revision, step.is_upgrade), list[JournalLine]()
        if execution.journal is not None:
            with execution.ours():
                key, lines = execution.journal.open(self.execution.connection, revision, step.is_upgrade)
            inside.settle(self._context)
        execution.begin_revision(key, lines)
        if lines:
            log.info("%s goes on after %d statements of an interrupted run", revision, execution.done.resumed_after)

    def _try(self, step: Any, heads: Sequence[str], options: dict[str, Any], started: float, attempt: int) -> set[str]:
        execution, context = self.execution, self._context
        with inside.revision_transaction(context, is_own=self._is_own):
            execution.open_transaction()
            with inside.noting_operations(context, self._as_operation):
                step.migration_fn(**options)
            if inside.renew(context):
                execution.open_transaction()
            if execution.watch.stepped_back:
                raise SteppedBack(execution.watch.stepped_back)
            with execution.ours():
                found = inside.move_heads(context, heads, step, options)
                self._to_analyze = without_statistics(self.execution.connection, execution.touched, execution.written)
            note = {"analyze": self._to_analyze} if self._to_analyze else {}
            execution.finish(time.monotonic() - started, execution.waited_s, attempt, note)
        execution.watch.pause()
        return found

    def _again_or_raise(self, error: Exception, attempt: int) -> None:
        execution = self.execution
        is_passing = isinstance(error, SteppedBack) or execution.is_passing(error)
        if not is_passing and self._recover(error):
            return
        if not is_passing or self.execution.connection.invalidated:
            raise error
        self._require_whole(error)
        if attempt == self.execution.pace.tries:
            raise execution.explained(error, execution.statement) from error
        execution.rest(attempt, execution.why(error))

    def _require_whole(self, error: Exception) -> None:
        """Raise NotResumable where the revision has committed by itself: from its start it would do that again."""
        execution = self.execution
        if execution.commits_itself:
            raise NotResumable(
                f"the revision {execution.key.revision} commits by itself, and ended after that, at: "
                f"{shortened(execution.statement)}\n{execution.why(error)}\nIt is not tried again, for what it has "
                "committed would be done again. Run it again where that does no harm: it begins at its start, as "
                "under plain Alembic. It is tried again by itself where each part is a revision of its own"
            ) from error

    def _ran(self, step: Any, started: float, attempt: int) -> RanRevision:
        execution = self.execution
        notes: list[str] = []
        analyzed = self._analyze(notes) if self._is_own else ()
        return RanRevision(
            revision=step.revision.revision,
            message=(step.doc or "").strip().partition("\n")[0],
            is_upgrade=step.is_upgrade,
            statements=execution.ordinal,
            resumed_after=execution.done.resumed_after,
            seconds=time.monotonic() - started,
            waited_s=execution.waited_s,
            tries=attempt,
            locks=dict(execution.locks),
            analyzed=analyzed,
            notes=tuple(notes),
        )

    def analyze_what_was_left(self) -> list[str]:
        """Analyze what a run that was killed after its commit did not; return what could not be, with the reason."""
        notes: list[str] = []
        if self.execution.journal is not None and self._is_own:
            with self.execution.ours(), inside.reading(self._context, is_own=True):
                self._to_analyze = self.execution.journal.unanalyzed(self.execution.connection)
            self._analyze(notes)
        return notes

    def _analyze(self, notes: list[str]) -> tuple[str, ...]:
        done = []
        for table in self._to_analyze:
            self._told(MigrationProgress("analyzing", self.execution.revision, statement=f"ANALYZE {table}"))
            try:
                with self.execution.ours(), inside.reading(self._context, is_own=True):
                    timeout = f"SET LOCAL lock_timeout = {self.execution.pace.lock_timeout_ms}"
                    self.execution.connection.exec_driver_sql(timeout).close()
                    self.execution.connection.exec_driver_sql(f"ANALYZE {table}").close()
                done.append(table)
            except DBAPIError as error:
                notes.append(
                    f"{table} was not analyzed ({str(error.orig).strip().splitlines()[0]}); run ANALYZE {table}"
                )
        if self._to_analyze and self.execution.journal is not None:
            with self.execution.ours(), inside.reading(self._context, is_own=True):
                self.execution.journal.analyzed(self.execution.connection)
        return tuple(done)

    @contextmanager
    def autocommit_blocks(self) -> Iterator[None]:
        """Commit the journal with what comes before an autocommit block, and run its statements one by one."""
        context = self._context
        original = context.autocommit_block
        context.autocommit_block = self._block_of(original)  # type: ignore[method-assign]
        try:
            yield
        finally:
            context.autocommit_block = original  # type: ignore[method-assign]

    def _block_of(self, original: Callable[[], AbstractContextManager[None]]) -> Any:
        execution = self.execution

        @contextmanager
        def block() -> Iterator[None]:
            if not self._is_own:
                raise CommandError(f"an autocommit block needs a transaction of its own, and {ONE_TRANSACTION}")
            if execution.watch.stepped_back:
                raise SteppedBack(execution.watch.stepped_back)
            inside.renew(self._context)
            execution.flush()
            execution.watch.pause()
            with _first_error(), original():
                execution.committed()
                execution.is_autocommit = True
                try:
                    yield
                finally:
                    execution.is_autocommit = False
            execution.open_transaction()

        return block

    @contextmanager
    def _as_operation(self) -> Iterator[None]:
        """Know what is executed by an operation, whose result nobody sees: it may be skipped, whatever it is."""
        execution = self.execution
        before, execution.is_result_unused = execution.is_result_unused, True
        try:
            yield
        finally:
            execution.is_result_unused = before


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
