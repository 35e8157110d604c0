"""How far a piece of work is: what the stages tell whoever watches."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told what is being done, how much of it is done, and of how much; a total of 0: nobody knows."""

    def __call__(self, what: str, done: int = 0, total: int = 0) -> None: ...


def silent(what: str, done: int = 0, total: int = 0) -> None:
    """Show no progress."""
