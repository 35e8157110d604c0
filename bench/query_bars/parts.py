"""Run the parts of a benchmark, print their figures beside the bars, and write them as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from query_bars.figures import Figure


def run_parts(parts: Mapping[str, Callable[[], Iterator[Figure]]], names: Sequence[str], output: Path) -> int:
    """Return 1 when a bar is missed. What is measured is written after each part, beside the last run of the others."""
    figures: list[Figure] = []
    for part in names:
        started = time.monotonic()
        print(f"\n{part}", flush=True)
        of_part: list[Figure] = []
        for figure in parts[part]():
            of_part.append(figure)
            told = "" if not figure.bar else "met" if figure.met else "MISSED"
            print(f"  {figure.name:<70}{figure.value:>12,.3f} {figure.unit:<6}{figure.bar:<10}{told}", flush=True)
        print(f"  ({time.monotonic() - started:.0f} s)")
        figures += of_part
        _keep(output, part, of_part)
    missed = [figure.name for figure in figures if not figure.met]
    print("\nbars: all met" if not missed else "\nbars missed:\n  " + "\n  ".join(missed))
    return 1 if missed else 0


def _keep(output: Path, part: str, figures: Sequence[Figure]) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    before = json.loads(output.read_text()) if output.exists() else []
    others = [entry for entry in before if entry.get("part", part) != part]
    entries = [*others, *({"part": part, **asdict(figure)} for figure in figures)]
    output.write_text(json.dumps(entries, indent=2) + "\n")
