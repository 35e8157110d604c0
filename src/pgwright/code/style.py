"""How the lines of a file are set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """Width and indentation, as the app's own."""

    width: int
    """Of a line, in characters; lines of other hands may be longer."""
    indent: str
    """Of one level."""
