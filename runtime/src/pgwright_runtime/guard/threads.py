"""Take the units along into threads that are started inside them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import wraps
from typing import Any

from pgwright_runtime.guard.active import carried, has_units, set_units

_lock = threading.Lock()
_is_carrying = False


def carry_into_threads() -> None:
    """Let `Thread` and `ThreadPoolExecutor` take the units of the thread that starts them along, once and for good.

    Only the units go along, no other context variable, so the app sees what it would see without a guard.
    Python 3.14 can let threads inherit the whole context (`-X thread_inherit_context`).
    """
    global _is_carrying
    with _lock:
        if _is_carrying:
            return
        _is_carrying = True
        start, submit = threading.Thread.start, ThreadPoolExecutor.submit

        @wraps(start)
        def start_with_units(thread: threading.Thread) -> None:
            if has_units():
                thread.run = carried(thread.run)  # type: ignore[method-assign]
            start(thread)

        @wraps(submit)  # type: ignore[arg-type]
        def submit_with_units(
            pool: ThreadPoolExecutor, function: Callable[..., Any], /, *arguments: Any, **named: Any
        ) -> Future[Any]:
            if not has_units():
                return submit(pool, function, *arguments, **named)
            # A thread that the pool starts for this serves others after it.
            outside = copy_context()
            outside.run(set_units, ())
            return outside.run(submit, pool, carried(function), *arguments, **named)

        threading.Thread.start = start_with_units  # type: ignore[method-assign,assignment]
        ThreadPoolExecutor.submit = submit_with_units  # type: ignore[method-assign,assignment]
