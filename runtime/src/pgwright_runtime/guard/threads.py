"""Take the units along into threads that are started inside them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import wraps
from typing import Any

from pgwright_runtime.guard.active import carried, has_units, set_units

_lock = threading.Lock()
_following = 0
_is_patched = False
_start, _submit = threading.Thread.start, ThreadPoolExecutor.submit


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
    global _is_patched, _start, _submit
    if not _is_patched:
        _is_patched = True
        _start, _submit = threading.Thread.start, ThreadPoolExecutor.submit
        threading.Thread.start = _start_with_units  # type: ignore[method-assign,assignment]
        ThreadPoolExecutor.submit = _submit_with_units  # type: ignore[method-assign,assignment]


def _put_back() -> None:
    global _is_patched
    if (threading.Thread.start, ThreadPoolExecutor.submit) == (_start_with_units, _submit_with_units):
        threading.Thread.start, ThreadPoolExecutor.submit = _start, _submit  # type: ignore[method-assign]
        _is_patched = False
    # Else somebody has wrapped ours since; it stays below theirs, and does nothing where there is no unit.


@wraps(_start)
def _start_with_units(thread: threading.Thread) -> None:
    if has_units():
        thread.run = carried(thread.run)  # type: ignore[method-assign]
    _start(thread)


@wraps(_submit)  # type: ignore[arg-type]
def _submit_with_units(
    pool: ThreadPoolExecutor, function: Callable[..., Any], /, *arguments: Any, **named: Any
) -> Future[Any]:
    if not has_units():
        return _submit(pool, function, *arguments, **named)
    # A thread that the pool starts for this serves others after it.
    outside = copy_context()
    outside.run(set_units, ())
    return outside.run(_submit, pool, carried(function), *arguments, **named)
