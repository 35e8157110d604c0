"""Bars of `fix`: models that follow the database, small revisions, keys that stay str. Writes `build/bench/fix.json`.

All parts, or those that are named: `python bench/fix.py models search`. The exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), *(str(ROOT / "examples" / name) for name in ("notebook", "fleet"))]

from fix_bars import apps, keys, models, search  # noqa: E402
from query_bars.figures import Figure  # noqa: E402
from query_bars.parts import run_parts  # noqa: E402

OUTPUT = ROOT / "build" / "bench" / "fix.json"
PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "models": models.measure,
    "apps": apps.measure,
    "keys": keys.measure,
    "search": search.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all unless named")
    os.environ["PGWRIGHT_CACHE"] = "off"
    return run_parts(PARTS, parser.parse_args().parts or list(PARTS), OUTPUT)


if __name__ == "__main__":
    sys.exit(main())
