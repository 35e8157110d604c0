"""Steps that wait shortly for their locks, let others pass, and try again: nobody queues behind a long transaction."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, Engine, bindparam, text
from sqlalchemy.exc import DBAPIError

from pgwright_runtime._running import Sleep
from pgwright_runtime._sql import read_sql
from pgwright_runtime.retention.partitions.errors import LockNotGranted

T = TypeVar("T")
PACKAGE = "pgwright_runtime.retention.partitions"
# While we wait for an exclusive lock, all who come after wait behind us.
LOCK_WAIT_MS = 300
TRIES = 40
LONGEST_PAUSE_S = 1.5
# What holds such a lock ends soon, or gives up.
HOLD_MS = 10_000
LOCK_NOT_AVAILABLE, DEADLOCK = "55P03", "40P01"
_NO_LOCK = {LOCK_NOT_AVAILABLE, DEADLOCK}
_HOLDERS = text(read_sql(PACKAGE, "holders")).bindparams(bindparam("oids", expanding=True))
_SETTINGS = ("lock_timeout", "statement_timeout")


def execute(connection: Connection, statement: str) -> CursorResult[Any]:
    """Send one statement as it stands: a percent sign or a colon in a name is just that."""
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def sql_state(error: DBAPIError) -> str | None:
    """Return the five characters that name the error, with any driver."""
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)


@dataclass(frozen=True)
class Patience:
    """Runs steps on an engine."""

    engine: Engine
    sleep: Sleep
    wait_ms: int = LOCK_WAIT_MS
    tries: int = TRIES

    def transact(self, what: str, oids: Collection[int], step: Callable[[Connection], T], hold_ms: int = HOLD_MS) -> T:
        """Run a step in a transaction of its own.

        Args:
            what: the step in words, as in "detach events_2026_01".
            oids: the tables that it locks.
            step: run again from its beginning when a lock did not come.
            hold_ms: maximum time of each of its statements; 0: no limit.
        Raises: LockNotGranted
        """

        def once() -> T:
            with self.engine.begin() as connection:
                execute(connection, f"SET LOCAL lock_timeout = {self.wait_ms}")
                execute(connection, f"SET LOCAL statement_timeout = {hold_ms}")
                # Rows that a policy hides from us would be taken for none.
                execute(connection, "SET LOCAL row_security = off")
                return step(connection)

        return self._until_granted(what, oids, once)

    def alone(self, what: str, oids: Collection[int], statement: str, wait_ms: int | None = None) -> None:
        """Run a statement that runs in no transaction.

        Args:
            wait_ms: maximum wait for a lock, for a statement behind which nobody queues; None: that of all steps.
        Raises: LockNotGranted
        """

        def once() -> None:
            with self.session(self.wait_ms if wait_ms is None else wait_ms) as connection:
                execute(connection, statement)

        self._until_granted(what, oids, once)

    @contextmanager
    def session(self, wait_ms: int) -> Iterator[Connection]:
        """Give a session without transactions or statement timeout, and its own settings back after."""
        with self.engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            own = {name: execute(connection, f"SHOW {name}").scalar_one() for name in _SETTINGS}
            try:
                execute(connection, f"SET lock_timeout = {wait_ms}")
                execute(connection, "SET statement_timeout = 0")
                yield connection
            finally:
                if not connection.invalidated:
                    for name, value in own.items():
                        execute(connection, f"SET {name} = '{value}'")

    def _until_granted(self, what: str, oids: Collection[int], once: Callable[[], T]) -> T:
        for attempt in range(1, self.tries + 1):
            try:
                return once()
            except DBAPIError as error:
                if sql_state(error) not in _NO_LOCK:
                    raise
                if attempt == self.tries:
                    raise LockNotGranted(what, self.tries, self.wait_ms, self._holders(oids)) from error
            self.sleep(random.uniform(0.1, LONGEST_PAUSE_S))
        raise ValueError(f"tries={self.tries} is below 1")

    def _holders(self, oids: Collection[int]) -> list[str]:
        with self.engine.connect() as connection:
            return [row.words for row in connection.execute(_HOLDERS, {"oids": list(oids)})]
