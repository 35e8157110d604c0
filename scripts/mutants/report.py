"""What became of the sample: in words, as JSON, and beside the survivors that are explained."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.mutants.sample import Mutant
from scripts.mutants.trial import Outcome

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Report:
    outcomes: Sequence[Outcome]
    explained: Mapping[Key, str]
    """Why no test can or should kill a mutant."""
    seed: int
    mutants: int
    """Of the targets in all."""
    seconds: float
    bar: float

    @property
    def killed(self) -> int:
        return sum(outcome.fate != "survived" for outcome in self.outcomes)

    @property
    def unexplained(self) -> list[Outcome]:
        return [one for one in self.outcomes if one.fate == "survived" and one.mutant.key not in self.explained]

    @property
    def is_good(self) -> bool:
        """Enough are killed, and every survivor is explained."""
        return not self.unexplained and self.killed >= self.bar * len(self.outcomes)

    def summary(self) -> str:
        fates = Counter(outcome.fate for outcome in self.outcomes)
        share = self.killed / len(self.outcomes) if self.outcomes else 0.0
        return (
            f"{len(self.outcomes)} of {self.mutants} mutants, seed {self.seed}: {self.killed} killed ({share:.1%}, "
            f"bar {self.bar:.0%}), {fates['timeout']} of them by time; {fates['survived']} survived, "
            f"{fates['survived'] - len(self.unexplained)} of them explained. {self.seconds / 60:.1f} minutes."
        )

    def as_json(self) -> dict[str, Any]:
        fates = Counter(outcome.fate for outcome in self.outcomes)
        return {
            "seed": self.seed,
            "mutants": self.mutants,
            "sample": len(self.outcomes),
            "killed": fates["killed"],
            "timeout": fates["timeout"],
            "survived_explained": fates["survived"] - len(self.unexplained),
            "survived_unexplained": len(self.unexplained),
            "share_killed": round(self.killed / len(self.outcomes), 4) if self.outcomes else 0.0,
            "bar": self.bar,
            "seconds": round(self.seconds),
            "by_file": self._by_file(),
            "survivors": [_as_json(one, self.explained) for one in self.outcomes if one.fate == "survived"],
        }

    def _by_file(self) -> dict[str, dict[str, int]]:
        found: dict[str, Counter[str]] = {}
        for outcome in self.outcomes:
            found.setdefault(outcome.mutant.path, Counter())[outcome.fate] += 1
        return {path: dict(found[path]) for path in sorted(found)}


def read_explained(path: Path) -> dict[Key, str]:
    """Return the reasons by mutant. Raises ValueError: an entry without one."""
    found = {}
    for entry in tomllib.loads(path.read_text()).get("mutant", []) if path.exists() else []:
        if not entry["why"].strip():
            raise ValueError(f"{path}: no reason for {entry['was']!r}")
        found[entry["file"], entry["function"], entry["was"], entry["now"]] = entry["why"]
    return found


def gone(explained: Mapping[Key, str], mutants: Sequence[Mutant]) -> list[Key]:
    """Return what is explained and exists no more."""
    existing = {mutant.key for mutant in mutants}
    return [key for key in explained if key not in existing]


def survivors_in_words(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield of a report's JSON each survivor, the unexplained ones first."""
    for one in sorted(found["survivors"], key=lambda one: (bool(one["why"]), one["file"], one["line"])):
        tests = f"{one['tests_run']} of {one['tests_covering']} tests" if one["tests_run"] else "no test runs it"
        why = f"\n    why: {one['why']}" if one["why"] else ""
        yield (
            f"{one['file']}:{one['line']} {one['function'] or 'module'} ({tests})\n"
            f"  - {one['was']}\n  + {one['now']}{why}"
        )


def write(report: Report, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report.as_json(), indent=2, ensure_ascii=False) + "\n")


def _as_json(outcome: Outcome, explained: Mapping[Key, str]) -> dict[str, Any]:
    mutant = outcome.mutant
    return {
        "file": mutant.path,
        "line": mutant.line,
        "function": mutant.function,
        "was": mutant.was,
        "now": mutant.now,
        "tests_run": outcome.tests_run,
        "tests_covering": outcome.tests_covering,
        "why": explained.get(mutant.key, ""),
    }
