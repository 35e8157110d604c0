"""What `StatementMetrics` adds to a statement, and what the same by SQLAlchemy's events of a cursor would.

On SQLite in memory, where a statement takes the least time of its own.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from query_bars.figures import Figure, at_most, shown
from query_bars.scale import scaled
from sqlalchemy import Connection, Engine, create_engine, event, literal, select

from pgwright_runtime._publishing import family
from pgwright_runtime.metrics import STATEMENT_SECONDS
from pgwright_runtime.pools import StatementMetrics

BLOCKS, STATEMENTS = scaled(500), 100
_ONE = select(literal(1))


def measure() -> Iterator[Figure]:
    plain, ours, listening = (create_engine("sqlite://") for _ in range(3))
    StatementMetrics(ours, registry=CollectorRegistry())
    _listen(listening)
    with plain.connect() as one, ours.connect() as two, listening.connect() as three:
        blocks = [[_block(connection) for connection in (one, two, three)] for _ in range(BLOCKS)]
    yield at_most("CPU added to a statement by StatementMetrics", _added(blocks, 1), "µs", 5)
    yield shown("CPU added to a statement by listeners of a cursor's events", _added(blocks, 2), "µs")


def _listen(engine: Engine) -> None:
    observe = family(STATEMENT_SECONDS, CollectorRegistry()).labels("listening").observe

    @event.listens_for(engine, "before_cursor_execute")
    def before(connection: Any, cursor: Any, text: str, parameters: Any, context: Any, executemany: bool) -> None:
        context.began = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def after(connection: Any, cursor: Any, text: str, parameters: Any, context: Any, executemany: bool) -> None:
        observe(time.perf_counter() - context.began)


def _block(connection: Connection) -> float:
    """Return the CPU seconds of a statement."""
    began = time.process_time()
    for _ in range(STATEMENTS):
        connection.execute(_ONE)
    return (time.process_time() - began) / STATEMENTS


def _added(blocks: list[list[float]], variant: int) -> float:
    """Return the median of what a variant took more than the plain engine just before, in µs."""
    return statistics.median(block[variant] - block[0] for block in blocks) * 1e6
