"""Programs of other packages that some tests need: installed ones, or those that `make test` unpacked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

UNPACKED = Path(__file__).parents[2] / "build" / "programs" / "usr"


def find_program(name: str, package: str) -> str:
    """Return the path of a program; without it the test is skipped."""
    found = shutil.which(name) or shutil.which(name, path=str(UNPACKED / "bin"))
    if found is None:
        pytest.skip(f"needs {name}: apt-get install {package}")
    return found


def with_libraries() -> Mapping[str, str]:
    """Return an environment in which an unpacked program finds the libraries that were unpacked with it."""
    return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(map(str, (UNPACKED / "lib").glob("*-linux-gnu*")))}
