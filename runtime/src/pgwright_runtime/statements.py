"""Count the SQL statements that a piece of code executes: the way to see an N+1, and to forbid it in a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import Engine, event

from pgwright_runtime._alchemy import sync_engine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

# The execution option of statements that belong to BEGIN, such as the tenant's setting.
TRANSACTION_CONTROL = "pgwright_transaction_control"
# More than a request should ever need, few enough to keep in memory when one goes wild.
MAX_TEXTS = 1_000


@dataclass
class StatementCount:
    """What was executed so far; it may be read inside the block and after it."""

    count: int = 0
    """Statements; an `executemany` is one. Transaction control and the pool's pings are none."""
    texts: list[str] = field(default_factory=list)
    """The first `MAX_TEXTS` of them, in order, with their placeholders."""


_Active = tuple[tuple[Engine, StatementCount], ...]

_active: ContextVar[_Active] = ContextVar("pgwright_statement_counts", default=())
_listening: WeakSet[Engine] = WeakSet()
_lock = Lock()


@contextmanager
def count_statements(engine: AsyncEngine | Engine) -> Iterator[StatementCount]:
    """Count the statements that the engine executes inside the block.

    The count belongs to the context: tasks that run at the same time do not see each other's statements, while tasks
    that the block itself starts are counted. Blocks may be nested.

    >>> from sqlalchemy import create_engine
    >>> engine = create_engine("sqlite://")
    >>> with count_statements(engine) as statements, engine.connect() as connection:
    ...     _ = connection.exec_driver_sql("SELECT 1")
    >>> statements.count, statements.texts
    (1, ['SELECT 1'])
    """
    target = sync_engine(engine)
    _listen(target)
    counting = (target, StatementCount())
    _active.set((*_active.get(), counting))
    try:
        yield counting[1]
    finally:
        _active.set(tuple(other for other in _active.get() if other is not counting))


def _listen(engine: Engine) -> None:
    # Once for each engine and for good: taking a listener away is not safe while other threads execute.
    with _lock:
        if engine in _listening:
            return
        _listening.add(engine)

    @event.listens_for(engine, "before_cursor_execute")
    def record(connection: Any, cursor: Any, text: str, parameters: Any, context: Any, executemany: bool) -> None:
        if context is not None and context.execution_options.get(TRANSACTION_CONTROL):
            return
        for counted, statements in _active.get():
            if counted is engine:
                statements.count += 1
                if len(statements.texts) < MAX_TEXTS:
                    statements.texts.append(text)
