"""Ctrl-C and SIGTERM end batches after the one that runs; a second one ends it at once, and its work is rolled back."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType


class StopFlag:
    """Set it to end after the batch that runs."""

    def __init__(self) -> None:
        self._reason = ""

    def __bool__(self) -> bool:
        return bool(self._reason)

    @property
    def reason(self) -> str:
        """Why; "" while it is not set."""
        return self._reason

    def set(self, reason: str = "asked to stop") -> None:
        self._reason = self._reason or reason


@contextmanager
def stopping_at_signals() -> Iterator[StopFlag]:
    """Give a flag that SIGINT and SIGTERM set. The second SIGINT raises KeyboardInterrupt, as ever.

    Outside of the main thread, where no handler can be set, nobody sets it.
    """
    flag = StopFlag()
    before = {}

    def stop(number: int, frame: FrameType | None) -> None:
        if flag and number == signal.SIGINT:
            raise KeyboardInterrupt
        flag.set("interrupted" if number == signal.SIGINT else "terminated")

    with suppress(ValueError):
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield flag
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
