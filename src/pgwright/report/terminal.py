"""Results for a terminal: colours only where they are wanted, every width, nothing that a name could steer."""

from __future__ import annotations

import re
from io import StringIO

from rich.console import Console

from pgwright.model.result import Result
from pgwright.report.kind import kind_of
from pgwright.report.screen import Screen

# Spaces at the end of a line, and before the codes that end its colour.
_TRAILING = re.compile(r"[ \t]+((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)


def render_terminal(result: Result, screen: Screen) -> str:
    """Return the result as lines no wider than the screen, with ANSI colours where it has them."""
    console = Console(
        file=StringIO(),
        width=screen.width,
        force_terminal=screen.has_color,
        no_color=not screen.has_color,
        color_system="standard" if screen.has_color else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as capture:
        for part in kind_of(result).show(result, screen):
            console.print(part)
    return _TRAILING.sub(r"\1", capture.get().strip("\n")) + "\n"
