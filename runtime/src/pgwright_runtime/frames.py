"""The call stack of the app, through the greenlets in which SQLAlchemy runs async drivers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType


def frames() -> Iterator[FrameType]:
    """Yield the frames from that of the caller's caller on, the innermost first.

    The coroutine that awaits a statement stands on the stack of the greenlet's parent.
    """
    # A generator's own frame is entered by the one that iterates: the caller.
    frame: FrameType | None = sys._getframe(2)
    current: Callable[[], object] | None = getattr(sys.modules.get("greenlet"), "getcurrent", None)
    greenlet = current() if current else None
    while frame is not None:
        while frame is not None:
            yield frame
            frame = frame.f_back
        greenlet = getattr(greenlet, "parent", None)
        frame = getattr(greenlet, "gr_frame", None)
