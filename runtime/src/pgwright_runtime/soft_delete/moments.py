"""The moment that all rows of one deletion bear, and no others: so it is the deletion's name as well as its time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from threading import Lock

from sqlalchemy import Connection, Table, and_, exists, func, not_, or_, select

from pgwright_runtime._locks import lock_key
from pgwright_runtime.soft_delete.graph import DeletionGraph
from pgwright_runtime.soft_delete.hidden import of_all_rows
from pgwright_runtime.soft_delete.mixin import mark_of

# The resolution of timestamptz.
_STEP = timedelta(microseconds=1)

_lock = Lock()
_last = datetime.min.replace(tzinfo=UTC)


def next_moment(now: datetime | None = None) -> datetime:
    """Return the time, UTC, later than every moment that this process had before, also when its clock jumped back.

    Args:
        now: instead of the clock's, for tests.
    """
    global _last
    with _lock:
        _last = max(now or datetime.now(UTC), _last + _STEP)
        return _last


def free_moment(connection: Connection, graph: DeletionGraph, tables: Collection[Table]) -> datetime:
    """Return a moment that no row of these tables bears, in the name of no other deletion that is under way.

    Two processes may read the same microsecond. An advisory lock, until the end of the transaction, tells one of them.
    Where nothing hangs on the tables' rows, a row's key says which deletion is meant, and nobody is asked.
    """
    marks = [mark for table in tables if (mark := mark_of(table)) is not None]
    while graph.refers(tables):
        moment = next_moment()
        taken = or_(*(exists().where(mark == moment) for mark in marks))
        is_ours = func.pg_try_advisory_xact_lock(lock_key(f"soft_delete:{moment.isoformat()}"))
        if connection.scalar(of_all_rows(select(and_(is_ours, not_(taken))))):
            return moment
    return next_moment()
