"""What the demo ends with: the operations and the scores before and after, and where the reports are."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pgwright.figures import milliseconds, ratio

# Of a score.
_MOST = 10
# What a report tells stands before its files.
_MARGIN = 24


def show_gains(console: Console, proof: Path, before: Path, after: Path) -> None:
    """Print the operations of the app as they were measured, beside them the scores, and the findings by severity.

    Args:
        console: where to.
        proof: what `pgwright prove --json` wrote.
        before: what `pgwright check` wrote as JSON of the database as it was.
        after: the same of the database as it is now.
    """
    measured, was, now = _read(proof)["operations"], _read(before), _read(after)
    beside = Table.grid(padding=(0, 4))
    beside.add_row(_operations(measured), _scores(was, now))
    console.print(beside)
    is_equal = all(one["results_equal"] for one in measured)
    console.print("\nBefore: the old code on the copy as it was. After: the new code on the copy with the fix.")
    console.print("All of them give the same results." if is_equal else "SOME GIVE OTHER RESULTS: see the proof.")
    console.print(f"Findings before: {_counted(was)}. After: {_counted(now)}.")


def show_links(console: Console, reports: Mapping[str, Sequence[Path]]) -> None:
    """Print what each report tells and its files, as they are found from the working directory."""
    console.print("\nThe reports, in full:")
    for what, paths in reports.items():
        lines = [""]
        for name in map(os.path.relpath, paths):
            if lines[-1] and len(f"{lines[-1]}  {name}") > console.width - _MARGIN:
                lines.append("")
            lines[-1] += f"  {name}" if lines[-1] else name
        for number, line in enumerate(lines):
            console.print(f"  {'' if number else what:<{_MARGIN - 2}}{line}", soft_wrap=True)


def _operations(measured: Sequence[dict[str, Any]]) -> Table:
    table = _table("operation", "before", "after", "ratio", "queries")
    for one in measured:
        table.add_row(
            one["name"],
            milliseconds(one["before_ms"]),
            milliseconds(one["after_ms"]),
            ratio(one["ratio"] or float("inf")),
            f"{one['queries_before']} → {one['queries_after']}",
        )
    return table


def _scores(was: dict[str, Any], now: dict[str, Any]) -> Table:
    old, new = _by_subject(was), _by_subject(now)
    table = _table("score", "before", "after")
    for subject in old:
        table.add_row(subject, _score(old[subject]), _score(new.get(subject)))
    seen = [one for one in old if old[one] is not None and new.get(one) is not None]
    totals = (sum(scores[one] or 0.0 for one in seen) for scores in (old, new))
    table.add_row(f"in all, of {_MOST * len(seen)}", *(f"{total:.1f}" for total in totals), style="bold")
    return table


def _table(name: str, *figures: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(name, no_wrap=True)
    for figure in figures:
        table.add_column(figure, justify="right", no_wrap=True)
    return table


def _by_subject(diagnosis: dict[str, Any]) -> dict[str, float | None]:
    return {one["subject"]: one["score"] for one in diagnosis["scorecard"]}


def _score(score: float | None) -> str:
    return "not examined" if score is None else f"{score:.1f}"


def _counted(diagnosis: dict[str, Any]) -> str:
    return ", ".join(f"{number} {severity}" for severity, number in diagnosis["summary"].items() if number) or "none"


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document
