"""How much time is left for what a request does; all that it calls shares it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends: ContextVar[float | None] = ContextVar("pgwright_deadline", default=None)


@contextmanager
def deadline(seconds: float | None) -> Iterator[None]:
    """Let transactions inside the block begin no attempt that would end later.

    Blocks may be nested: the nearest end counts. It interrupts nothing by itself. None: this block sets no end.
    """
    before = _ends.get()
    if seconds is not None:
        end = time.monotonic() + seconds
        _ends.set(end if before is None else min(end, before))
    try:
        yield
    finally:
        # Not by token: a framework may leave the block in a copy of the context that entered it.
        _ends.set(before)


def time_left() -> float | None:
    """Return the seconds until the nearest deadline, less than 0 after it; None: there is none.

    >>> with deadline(60):
    ...     50 < time_left() <= 60
    True
    """
    end = _ends.get()
    return None if end is None else end - time.monotonic()
