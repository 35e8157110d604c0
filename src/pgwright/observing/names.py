"""How files are called in what is told."""

from __future__ import annotations

import os


def shown(path: str) -> str:
    """Return a path from the working directory, where it lies below it."""
    found = os.path.relpath(path)
    return path if found.startswith(os.pardir) else found
