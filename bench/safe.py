"""Bars of trust: nothing of others runs, nothing harmful is proposed, nothing is lost. Writes `build/bench/safe.json`.

All parts, or those that are named: `python bench/safe.py attacks remedies`. Older servers are those of `build/postgres`
(`python scripts/fetch_postgres.py 14`). The exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from query_bars.figures import Figure  # noqa: E402
from query_bars.parts import run_parts  # noqa: E402
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
    return run_parts(PARTS, parser.parse_args().parts or list(PARTS), OUTPUT)


if __name__ == "__main__":
    sys.exit(main())
