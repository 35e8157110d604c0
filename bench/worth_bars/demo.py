"""Whether `make demo` tells its story in so many lines, and ends with the gains, the scores and links to reports."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path

from query_bars.figures import Figure, at_least, at_most

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "examples" / "notebook" / "demo.py"
WIDTH = 100
MOST_LINES = 250
# What is after the last rule is the end.
MOST_LINES_OF_END = 40
OPERATIONS, SUBJECTS, REPORTS = 10, 8, 8
_OPERATION = re.compile(r"^\w+ +[\d.,]+ m?s +[\d.,]+ m?s +[\d.,]+× +\d+ → \d+", re.MULTILINE)
_SCORE = re.compile(r" (?:\w+|in all, of \d+) +\d+\.\d +\d+\.\d$", re.MULTILINE)
_LINK = re.compile(r"(?<= )build/demo/\S+\.(?:html|json|py)(?= |$)", re.MULTILINE)


def measure() -> Iterator[Figure]:
    done = subprocess.run(
        [sys.executable, DEMO], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    end = _end(lines)
    print("\n".join(f"    {line}" for line in end), flush=True)
    links = _LINK.findall("\n".join(end))
    yield at_most("exit code of make demo", done.returncode, "", 0)
    yield at_most("lines of make demo", sum(ceil(len(line) / WIDTH) or 1 for line in lines), "", MOST_LINES)
    yield at_most("lines of its end", len(end), "", MOST_LINES_OF_END)
    yield at_least("operations in its end, before and after", len(_OPERATION.findall("\n".join(end))), "", OPERATIONS)
    yield at_least("scores in its end, before and after", len(_SCORE.findall("\n".join(end))), "", SUBJECTS + 1)
    yield at_least("links in its end", len(links), "", REPORTS)
    yield at_most("links that lead nowhere", sum(not (ROOT / link).is_file() for link in links), "", 0)


def _end(lines: Sequence[str]) -> Sequence[str]:
    """Return the last part: what comes after the last line that ends as a rule does."""
    rules = [number for number, line in enumerate(lines) if line.endswith("──")]
    return lines[rules[-1] :] if rules else lines
