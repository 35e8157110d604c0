"""What the text of a terminal is made for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Screen:
    """A terminal, and how much of a result it shows."""

    width: int = 100
    has_color: bool = False
    shows_all: bool = False
    """Long lists in full."""
