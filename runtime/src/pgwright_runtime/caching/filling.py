"""Whether a value may be stored: not if others could not have read what it was computed from."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(eq=False)
class CacheFilling:
    """One computation of a value."""

    tags: frozenset[str]
    """What its value is invalidated by."""
    names: frozenset[str] = frozenset()
    """The tables that it is to read."""
    forgotten: frozenset[str] = frozenset()
    """Those that it reads besides."""
    spoiled: str | None = None
    """Why the value is the caller's alone; None: it is not."""

    def forget(self, tables: frozenset[str]) -> None:
        """Note tables that a statement reads, and whose changes the value would outlive."""
        self.forgotten |= tables
        self.spoil("reads another table")

    def spoil(self, reason: str) -> None:
        self.spoiled = self.spoiled or reason


current_filling: ContextVar[CacheFilling | None] = ContextVar("pgwright_filling", default=None)
"""The innermost computation of this task or thread. Those around it use its value, and are spoiled with it."""
