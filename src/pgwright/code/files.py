"""Find the Python files of an app."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_NOT_THE_APPS = {"node_modules", "site-packages", "__pycache__"}
# What stands in every virtual environment.
_ENVIRONMENT = "pyvenv.cfg"


def python_files(root: Path) -> Iterator[Path]:
    """Yield the files below a folder, in order; not those of environments, packages that are installed, and caches.

    A root that is a file yields itself.
    """
    if root.is_file():
        yield root
        return
    for folder, below, files in os.walk(root):
        if _ENVIRONMENT in files:
            below.clear()
            continue
        below[:] = sorted(name for name in below if name not in _NOT_THE_APPS and not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(".py"))
