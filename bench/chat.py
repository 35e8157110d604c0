"""Bars of caches, limits and the breaker, and of the chat app; ratios of one run. Writes `build/bench/chat.json`.

All parts, or those that are named: `python bench/chat.py staleness`. `--scale 0.02` makes them smaller; the bars are
those of the full size. The exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "examples" / "chat")]

from query_bars.figures import Figure  # noqa: E402
from query_bars.parts import run_parts  # noqa: E402

OUTPUT = ROOT / "build" / "bench" / "chat.json"
PARTS = ("staleness", "hits", "overhead", "statements", "limits", "outage", "claims", "clients", "lost_cache", "widget")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all unless named")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the checks")
    arguments = parser.parse_args()
    os.environ.update({"PGWRIGHT_CACHE": "off", "BENCH_SCALE": str(arguments.scale)})
    names = arguments.parts or PARTS
    measures: dict[str, Callable[[], Iterator[Figure]]] = {
        name: import_module(f"chat_bars.{name}").measure for name in names
    }
    return run_parts(measures, names, OUTPUT)


if __name__ == "__main__":
    sys.exit(main())
