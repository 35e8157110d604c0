"""Import an app's policies in a process of their own, and tell how long they keep the rows of which column.

What the app prints is thrown away; what it raises is told.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pgwright.model.policy import StatedColumn, StatedPolicies

SECONDS = 60
_RUN = "from pgwright.pipeline.stating_policies import main; main()"


def read_stated_policies(name: str, folder: Path) -> StatedPolicies:
    """Return what policies state; where they cannot be imported, the reason.

    Args:
        name: `module:attribute`.
        folder: what the module is imported from.
    """
    with tempfile.TemporaryDirectory(prefix="pgwright-") as place:
        told = Path(place, "told.json")
        try:
            ended = subprocess.run(
                [sys.executable, "-c", _RUN, name, str(folder), str(told)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
                check=False,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )
        except subprocess.TimeoutExpired:
            return StatedPolicies(name, unread=f"importing {name} took longer than {SECONDS} s")
        if not told.is_file():
            return StatedPolicies(name, unread=f"importing {name} ended with code {ended.returncode}")
        answer = json.loads(told.read_text("utf-8"))
    columns = tuple(StatedColumn(**one) for one in answer["columns"])
    return StatedPolicies(name, columns, tuple(map(tuple, answer["others"])), answer["error"])
