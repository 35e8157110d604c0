"""Progress on a terminal, as one line."""

from __future__ import annotations

import sys


def show(what: str) -> None:
    """Show what is being done, in place of what was shown before; "" clears the line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{what}")
        sys.stderr.flush()
