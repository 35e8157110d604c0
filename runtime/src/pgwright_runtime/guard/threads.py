"""Take the units along into threads that are started inside them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import wraps
from typing import Any
from weakref import WeakSet

from pgwright_runtime.guard.active import carried, has_units, set_units

_lock = threading.Lock()
_following = 0
_ours: WeakSet[Callable[..., Any]] = WeakSet()
"""The methods that were made here; each knows the one that it stands for as `__wrapped__`."""


@contextmanager
def threads_followed() -> Iterator[None]:
    """Let `Thread` and `ThreadPoolExecutor` take the units of the thread that starts them along, inside the block.

    Only the units go along, no other context variable, so the app sees what it would see without a guard. Both methods
    are replaced for the whole process, and put back at the end of the last block.
    Python 3.14 can let threads inherit the whole context (`-X thread_inherit_context`).
    """
    global _following
    with _lock:
        _following += 1
        _patch()
    try:
        yield
    finally:
        with _lock:
            _following -= 1
            if not _following:
                _put_back()


def _patch() -> None:
    # Asked of each method, for others patch them as well, and put back what they found.
    if threading.Thread.start not in _ours:
        threading.Thread.start = _starting_with_units(threading.Thread.start)  # type: ignore[method-assign,assignment]
    if ThreadPoolExecutor.submit not in _ours:
        ThreadPoolExecutor.submit = _submitting_with_units(ThreadPoolExecutor.submit)  # type: ignore[method-assign]


def _put_back() -> None:
    # Where somebody has wrapped ours since, it stays below theirs, and does nothing.
    if threading.Thread.start in _ours:
        threading.Thread.start = threading.Thread.start.__wrapped__  # type: ignore[method-assign,attr-defined]
    if ThreadPoolExecutor.submit in _ours:
        ThreadPoolExecutor.submit = ThreadPoolExecutor.submit.__wrapped__  # type: ignore[method-assign,attr-defined]


def _starting_with_units(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @wraps(start)
    def start_with_units(thread: threading.Thread) -> None:
        if _following and has_units():
            thread.run = carried(thread.run)  # type: ignore[method-assign]
        start(thread)

    _ours.add(start_with_units)
    return start_with_units


def _submitting_with_units(submit: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
    @wraps(submit)
    def submit_with_units(
        pool: ThreadPoolExecutor, function: Callable[..., Any], /, *arguments: Any, **named: Any
    ) -> Future[Any]:
        if not (_following and has_units()):
            return submit(pool, function, *arguments, **named)
        # A thread that the pool starts for this serves others after it.
        outside = copy_context()
        outside.run(set_units, ())
        return outside.run(submit, pool, carried(function), *arguments, **named)

    _ours.add(submit_with_units)
    return submit_with_units
