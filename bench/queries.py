"""Bars of the runtime for queries and of the fleet app, as ratios of one run. Writes `build/bench/queries.json`.

All parts, or those that are named: `python bench/queries.py fleet paging policy guard replicas`. `--scale 0.1` makes
the fleet smaller. The exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "examples" / "fleet"), str(ROOT / "examples" / "notebook")]

from query_bars import fleet, guard, paging, policy, replicas  # noqa: E402
from query_bars.figures import Figure  # noqa: E402

OUTPUT = ROOT / "build" / "bench" / "queries.json"
PARTS: dict[str, Callable[[float], AsyncIterator[Figure]]] = {
    "fleet": fleet.measure,
    "paging": paging.measure,
    "policy": policy.measure,
    "guard": guard.measure,
    "replicas": replicas.measure,
}


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all unless named")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the fleet's data, 1: 3,000,000 deliveries")
    arguments = parser.parse_args()
    figures: list[Figure] = []
    for part in arguments.parts or PARTS:
        print(f"\n{part}")
        async for figure in PARTS[part](arguments.scale):
            figures.append(figure)
            print(f"  {figure.name:<66}{figure.value:>12,.3f} {figure.unit:<6}{figure.bar:<10}{told(figure)}")
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    missed = [figure.name for figure in figures if not figure.met]
    print("\nbars: all met" if not missed else "\nbars missed:\n  " + "\n  ".join(missed))
    return 1 if missed else 0


def told(figure: Figure) -> str:
    return "" if not figure.bar else "met" if figure.met else "MISSED"


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
