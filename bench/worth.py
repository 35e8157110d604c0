"""Bars of worth: findings that are right, an end, a short report, a proof that holds. Writes `build/bench/worth.json`.

All parts, or those that are named: `python bench/worth.py findings convergence`, which share one run over the apps of
`tests/worth/corpus`. `tpc-risks` and `tpc-settings` need DuckDB and 6 GB: see `bench/tpc.py`. The exit code is 1 when
a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from query_bars.figures import Figure  # noqa: E402
from query_bars.parts import run_parts  # noqa: E402
from worth_bars import convergence, demo, findings, proofs, scale, screen, tpc_risks, tpc_settings  # noqa: E402

OUTPUT = ROOT / "build" / "bench" / "worth.json"
PARTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "findings": findings.measure,
    "convergence": convergence.measure,
    "screen": screen.measure,
    "demo": demo.measure,
    "proofs": proofs.measure,
    "scale": scale.measure,
    "tpc-risks": tpc_risks.measure,
    "tpc-settings": tpc_settings.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all unless named")
    os.environ["PGWRIGHT_CACHE"] = "off"
    return run_parts(PARTS, parser.parse_args().parts or list(PARTS), OUTPUT)


if __name__ == "__main__":
    sys.exit(main())
