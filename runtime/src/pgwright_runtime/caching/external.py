"""What other programs write, told by a trigger's NOTIFY: milliseconds after their COMMIT, not before it returns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from pgwright_runtime._alchemy import beside
from pgwright_runtime._background import Runner, Tasks, Threads
from pgwright_runtime._listening import AwaitingListener, BlockingListener, Listener
from pgwright_runtime.caching.statements import CHANNEL
from pgwright_runtime.statements import TRANSACTION_CONTROL

# How often the connection is tried, for nobody tells of one that was cut.
_TRY_S = 5.0
_PAUSE_S = 1.0
_END_S = 5.0


class ExternalWrites:
    """Listens on a connection of its own, in a thread, or in a task of the running event loop.

    Args:
        tables: those that others write to, by name.
        drop: invalidates tables.
    """

    def __init__(self, engine: Engine, tables: Collection[str], drop: Callable[[Iterable[str], Runner], None]) -> None:
        self._engine, self.tables, self._drop = engine, frozenset(tables), drop
        is_async = engine.dialect.is_async
        self._runner: Runner = Tasks() if is_async else Threads()
        self._listener: Listener = AwaitingListener() if is_async else BlockingListener()
        self._is_stopped = False
        self._is_heard = False

    @property
    def is_current(self) -> bool:
        """Whether whatever is written is heard."""
        return self._is_heard and self._runner.is_running()

    def start(self) -> None:
        self._runner.start([self._run], self.stop)

    def stop(self) -> None:
        self._is_stopped = True
        self._listener.wake()
        self._runner.join(_END_S)

    def _run(self) -> None:
        while not self._is_stopped:
            try:
                with beside(self._engine).connect() as connection:
                    self._listen(connection.execution_options(isolation_level="AUTOCOMMIT"))
            except (SQLAlchemyError, OSError):
                pass
            finally:
                self._is_heard = False
                self._listener.ignore()
            if not self._is_stopped:
                self._runner.pause(_PAUSE_S)

    def _listen(self, connection: Connection) -> None:
        self._listener.listen(connection, CHANNEL)
        # Nobody knows what was written until now.
        self._drop(self.tables, self._runner)
        self._is_heard = True
        while not self._is_stopped:
            self._listener.wait(_TRY_S)
            heard = self._listener.heard()
            written = self.tables if heard is None else self.tables.intersection(heard)
            if written:
                self._drop(written, self._runner)
            connection.exec_driver_sql("SELECT 1", execution_options={TRANSACTION_CONTROL: True})
