"""Ctrl-C where Python's own way would print where it stood, or leave half of what belongs together."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

INTERRUPTED = 130  # 128 and the signal's number, as shells report it
WORDS = "pgwright: interrupted; nothing was left behind"


@contextmanager
def ending_at_once() -> Iterator[None]:
    """End the process at SIGINT inside the block; where the signal is ignored, or another thread runs, it stays so."""
    before = None
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        with suppress(ValueError):  # not the main thread
            before = signal.signal(signal.SIGINT, lambda number, frame: _end())
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


@contextmanager
def held() -> Iterator[None]:
    """Keep SIGINT until the block is left, so that what belongs together is written together."""
    came: list[int] = []
    before = None
    with suppress(ValueError):  # not the main thread
        before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def _end() -> None:
    os.write(2, f"\n{WORDS}\n".encode())
    os._exit(INTERRUPTED)
