"""One run of migrations at a time on a database, and what a run that was killed still has at work there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from pgwright_runtime._locks import lock_key, try_lock
from pgwright_runtime._sql import read_sql
from pgwright_runtime.migrations.errors import RunnerBusy
from pgwright_runtime.migrations.execution import WORKER
from pgwright_runtime.migrations.holders import in_words, shortened
from pgwright_runtime.migrations.journal import MigrationJournal
from pgwright_runtime.migrations.pace import MigrationPace

_NAME = "migrations"
_HOLDERS = text(read_sql("pgwright_runtime.migrations", "runner"))
_END = text("SELECT pg_catalog.pg_terminate_backend(CAST(:pid AS integer))")
_LOOK_S = 0.25
Pause = Callable[[float, str], None]


@contextmanager
def one_runner(engine: Engine, pace: MigrationPace, pause: Pause) -> Iterator[Callable[[], None]]:
    """Hold the lock of runs inside the block; what it gives raises the driver's error when it is held no more.

    Raises: RunnerBusy: another run holds it, and for longer than the patience lasts.
    """
    started = time.monotonic()
    while True:
        with try_lock(engine, _NAME) as still_held:
            if still_held is not None:
                yield still_held
                return
        who = _holders(engine, _NAME)
        if not pace.waits_for_runner or time.monotonic() - started > pace.patience_s:
            raise RunnerBusy(
                f"another run of migrations is at work on this database: {who or 'it has just ended'}. Wait for its "
                "end, or end it; this run began nothing"
            )
        pause(_LOOK_S, f"another run is at work: {who}" if who else "another run is ending")


def end_what_was_killed(engine: Engine, pause: Pause) -> None:
    """End the transactions of a run whose process is gone: the server notices that only after their statement.

    They would be rolled back then; nobody but us holds the lock of runs, so nobody's work is lost.
    """
    with engine.connect() as connection:
        for row in connection.execute(_HOLDERS, {"key": lock_key(WORKER)}).all():
            try:
                connection.execute(_END, {"pid": row.pid}).close()
            except DBAPIError:  # another role's; its locks are waited for
                connection.rollback()
    while who := _holders(engine, WORKER):
        pause(_LOOK_S, f"a run that was killed is rolled back: {who}")


def await_what_was_killed(
    connection: Connection, journal: MigrationJournal, pause: Pause, end_reading: Callable[[], None]
) -> None:
    """Wait for a statement outside of transactions, such as a concurrent build, that outlived its run."""
    while running := journal.still_running(connection):
        end_reading()
        pid, statement = running[0]
        pause(_LOOK_S, f"process {pid} of a run that was killed is still at: {shortened(statement)}")
    end_reading()


def _holders(engine: Engine, name: str) -> str:
    with engine.connect() as connection:
        return "; ".join(in_words(row) for row in connection.execute(_HOLDERS, {"key": lock_key(name)}))
