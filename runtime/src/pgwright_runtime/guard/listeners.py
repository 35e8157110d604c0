"""The listeners that bring statements to the units of the running task.

They listen where the dialect hands a statement to the driver. The engine's own events, `before_cursor_execute` and
`after_cursor_execute`, would do, but as soon as an engine has one of them SQLAlchemy prepares for all of them at each
statement, which costs several times what the guard does.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

from sqlalchemy import Engine, event

from pgwright_runtime import _alchemy
from pgwright_runtime.guard.active import active_units
from pgwright_runtime.guard.units import Unit

_lock = Lock()
_is_listening = False


def listen() -> None:
    """Begin to record the statements of every engine for the units that are active.

    Once and for good: taking a listener away is not safe while other threads execute. An engine that no unit watches
    pays a look-up for each statement.
    """
    global _is_listening
    with _lock:
        if not _is_listening:
            _is_listening = True
            event.listen(Engine, "do_execute", _do_execute)
            event.listen(Engine, "do_executemany", _do_executemany)
            event.listen(Engine, "do_execute_no_params", _do_execute_no_params)


# These events allow a listener to execute the statement itself and say so by True, which ends them. Alone, it does so,
# for then it knows the rows and that the statement did not fail; with other listeners it leaves that to them.


def _do_execute(cursor: Any, text: str, parameters: Any, context: Any) -> bool | None:
    units = active_units()
    if not units:
        return None
    dialect = context.dialect
    is_alone = len(_alchemy.execute_listeners(dialect)) == 1
    if is_alone:
        dialect.do_execute(cursor, text, parameters, context)
    return _record(units, text, cursor, context, is_alone)


def _do_executemany(cursor: Any, text: str, parameters: Any, context: Any) -> bool | None:
    units = active_units()
    if not units:
        return None
    dialect = context.dialect
    is_alone = len(_alchemy.executemany_listeners(dialect)) == 1
    if is_alone:
        dialect.do_executemany(cursor, text, parameters, context)
    return _record(units, text, cursor, context, is_alone)


def _do_execute_no_params(cursor: Any, text: str, context: Any) -> bool | None:
    units = active_units()
    if not units:
        return None
    dialect = context.dialect
    is_alone = len(_alchemy.execute_no_params_listeners(dialect)) == 1
    if is_alone:
        dialect.do_execute_no_params(cursor, text, context)
    return _record(units, text, cursor, context, is_alone)


def _record(units: tuple[Unit, ...], text: str, cursor: Any, context: Any, is_executed: bool) -> bool | None:
    dialect = context.dialect
    rows = cursor.rowcount if is_executed else -1
    for unit in units:
        if unit.watches(dialect) and not _alchemy.is_initialization(context):
            unit.record(text, rows, context)
    return is_executed or None
