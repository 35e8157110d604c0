"""How large the measurements are: 1, or what `--scale` says, for a look while working on them."""

from __future__ import annotations

import os

VARIABLE = "BENCH_SCALE"
"""Of the environment, so that processes that a part starts know it, too."""
SCALE = float(os.environ.get(VARIABLE, "1"))


def scaled(number: int, least: int = 1) -> int:
    """Return a number of rows, queries or seconds at this scale, or the least that is of any use."""
    return max(least, round(number * SCALE))
