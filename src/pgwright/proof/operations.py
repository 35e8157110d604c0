"""What an app gives to be measured as a whole: its own operations, as they were and as they are with the fix."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from inspect import iscoroutinefunction

from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

AsyncCall = Callable[[AsyncEngine], Awaitable[object]]
SyncCall = Callable[[Engine], object]


@dataclass(frozen=True)
class Operation:
    """One operation of the app, measured as one request of it.

    One call is one request: it opens its session, does its work, closes the session, and returns plain data
    (numbers, strings, UUIDs, tuples, dataclasses) that compares equal when the app would show the same. `before` gets
    an engine on a copy of the database as it was, `after` one on a copy with the fix; both are called many times,
    warm, taking turns. A call that writes rolls back or cleans up, so that the next one finds the same rows.

    Both are coroutine functions that take an `AsyncEngine`, or both are plain functions that take an `Engine`.

    >>> def count(engine: Engine) -> object:
    ...     with engine.connect() as connection:
    ...         return connection.exec_driver_sql("SELECT count(*) FROM users").scalar_one()
    >>> Operation("count_users", before=count, after=count).is_async
    False
    """

    name: str
    before: AsyncCall | SyncCall
    after: AsyncCall | SyncCall

    def __post_init__(self) -> None:
        if _is_async(self.before) != _is_async(self.after):
            raise TypeError(f"operation {self.name!r}: `before` and `after` must both be async, or neither")

    @property
    def is_async(self) -> bool:
        """True when its calls take an `AsyncEngine` and are awaited."""
        return _is_async(self.before)


def _is_async(call: AsyncCall | SyncCall) -> bool:
    while isinstance(call, partial):
        call = call.func
    return iscoroutinefunction(call) or iscoroutinefunction(type(call).__call__)
