"""Bars of trust: nothing of others runs, nothing harmful is proposed, nothing is lost. Writes `build/bench/safe.json`.

All parts, or those that are named: `python bench/safe.py attacks remedies`. Older servers are those of `build/postgres`
(`python scripts/fetch_postgres.py 14`). The exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from query_bars.figures import Figure  # noqa: E402
from safe_bars import attacks, hidden_characters, keyset_paging, lost_subjects, remedies, same_major  # noqa: E402

OUTPUT = ROOT / "build" / "bench" / "safe.json"
PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "attacks": attacks.measure,
    "hidden-characters": hidden_characters.measure,
    "remedies": remedies.measure,
    "lost-subjects": lost_subjects.measure,
    "same-major": same_major.measure,
    "keyset-paging": keyset_paging.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all unless named")
    arguments = parser.parse_args()
    figures: list[Figure] = []
    for part in arguments.parts or PARTS:
        started = time.monotonic()
        print(f"\n{part}", flush=True)
        for figure in PARTS[part]():
            figures.append(figure)
            told = "" if not figure.bar else "met" if figure.met else "MISSED"
            print(f"  {figure.name:<70}{figure.value:>12,.3f} {figure.unit:<6}{figure.bar:<10}{told}", flush=True)
        print(f"  ({time.monotonic() - started:.0f} s)")
        OUTPUT.parent.mkdir(parents=True, exist_ok=True)
        OUTPUT.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    missed = [figure.name for figure in figures if not figure.met]
    print("\nbars: all met" if not missed else "\nbars missed:\n  " + "\n  ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
