"""What a whole test suite does to the database: each finding once, against a baseline of those that are known.

A finding is known by what it is and by its file and function, for lines move.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pgwright_runtime.guard.evidence import Problem
from pgwright_runtime.guard.rules import UnitRules
from pgwright_runtime.guard.units import Unit

BASELINE_VERSION = 1
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HELP: Mapping[str, str] = {
    "lazy load": "A relationship was loaded from several parents, with one statement each.",
    "repeated statement": "The same statement was executed again and again.",
}


@dataclass(frozen=True)
class SuiteFinding:
    """A problem of the app, as some test showed it."""

    kind: str
    what: str
    """The relationship, as `Notebook.sources`; else the statement's fingerprint."""
    file: str
    """Relative to the root of the tests, with "/"; "" where no line of the app was found."""
    function: str
    line: int
    advice: str
    test: str
    """The first test that showed it."""

    @property
    def key(self) -> str:
        return " | ".join((self.kind, self.what, self.file, self.function))


def suite_unit(name: str, max_queries: int | None) -> Unit:
    """Return a unit for one test. Eager loads are not judged: what a test reads is not what the app reads."""
    return Unit(None, name, UnitRules(max_queries=max_queries, finds_unused=False, locates_all=True))


def findings_of(unit: Unit, root: Path, own_files: Iterable[Path]) -> list[SuiteFinding]:
    """Return what a closed unit found in the app; what the tests' own lines did is theirs.

    Args:
        own_files: the files of tests and fixtures.
    """
    own = {str(path) for path in own_files}
    problems = [problem for problem in unit.problems if problem.kind != "over budget"]
    return [
        _finding(problem, unit.name, root)
        for problem in problems
        if problem.place is None or problem.place.file not in own
    ]


def _finding(problem: Problem, test: str, root: Path) -> SuiteFinding:
    file, function, line = "", "", 0
    if problem.place is not None:
        path = Path(problem.place.file)
        file = (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
        function, line = problem.place.function, problem.place.line
    what = problem.relationship or problem.fingerprint
    return SuiteFinding(problem.kind, what, file, function, line, problem.advice, test)


def read_baseline(path: Path) -> frozenset[str]:
    """Return the keys of the known findings; none if there is no file.

    Raises: ValueError: the file is no baseline of this version.
    """
    if not path.exists():
        return frozenset()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != BASELINE_VERSION:
            raise ValueError(f"version {document['version']!r} is unknown")
        return frozenset(str(known["key"]) for known in document["findings"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no baseline of the guard: {error}; write it anew by --pgwright-update") from error


def write_baseline(path: Path, findings: Sequence[SuiteFinding]) -> None:
    """Write the findings, sorted, so that a diff shows what came and went."""
    known = [{"key": each.key, "advice": each.advice} for each in sorted(findings, key=lambda each: each.key)]
    path.write_text(json.dumps({"version": BASELINE_VERSION, "findings": known}, indent=2) + "\n", encoding="utf-8")


def write_sarif(path: Path, findings: Sequence[SuiteFinding], known: frozenset[str]) -> None:
    """Write the findings as SARIF 2.1.0, for code scanning; what is known is "unchanged"."""
    kinds = sorted({each.kind for each in findings})
    rules = [{"id": _rule(kind), "shortDescription": {"text": _HELP.get(kind, kind)}} for kind in kinds]
    driver = {"name": "pgwright-runtime", "version": version("pgwright-runtime"), "rules": rules}
    results = [_result(each, "unchanged" if each.key in known else "new") for each in findings]
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    path.write_text(json.dumps(log, indent=2) + "\n", encoding="utf-8")


def _rule(kind: str) -> str:
    return kind.replace(" ", "-")


def _result(finding: SuiteFinding, state: str) -> dict[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": finding.test}]}
    if finding.file:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": quote(finding.file)},
            "region": {"startLine": max(finding.line, 1)},
        }
    return {
        "ruleId": _rule(finding.kind),
        "level": "warning",
        "message": {"text": finding.advice},
        "locations": [location],
        "partialFingerprints": {"pgwright/v1": finding.key},
        "baselineState": state,
    }


class Suite:
    """The findings of a run: each once, whichever tests show it."""

    def __init__(self, baseline: Path, sarif: Path | None, *, updates: bool) -> None:
        self.baseline, self.sarif, self.updates = baseline, sarif, updates
        self.known = read_baseline(baseline)
        self.found: dict[str, SuiteFinding] = {}

    def add(self, findings: Iterable[SuiteFinding]) -> list[SuiteFinding]:
        """Add findings, and return those for which their test has to fail."""
        new = []
        for finding in findings:
            self.found.setdefault(finding.key, finding)
            if finding.key not in self.known and not self.updates:
                new.append(finding)
        return new

    def dump(self) -> list[dict[str, Any]]:
        """Return the findings as plain values, which another process may `load`."""
        return [asdict(finding) for finding in self.found.values()]

    def load(self, findings: Iterable[Mapping[str, Any]]) -> None:
        self.add(SuiteFinding(**finding) for finding in findings)

    def finish(self) -> str:
        """Write what was asked for, and return one line about it."""
        findings = list(self.found.values())
        if self.updates:
            write_baseline(self.baseline, findings)
        if self.sarif is not None:
            write_sarif(self.sarif, findings, self.known)
        new = sum(key not in self.known for key in self.found)
        gone = len(self.known - self.found.keys())
        line = f"{len(findings)} query finding(s), {new} new, {gone} known not seen"
        return f"{line}; written to {self.baseline}" if self.updates else line
