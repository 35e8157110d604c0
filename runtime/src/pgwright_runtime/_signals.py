"""SIGTERM and Ctrl-C as a wish to end soon, rather than at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first SIGTERM or SIGINT inside the block; a second one has its usual effect.

    Outside the main thread, which alone can handle signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual: dict[int, Any] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        signal.signal(number, usual[number])
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        usual[number] = signal.signal(number, handle)
    try:
        yield
    finally:
        for each, handler in usual.items():
            signal.signal(each, handler)
