"""Which tests run which lines: recorded once a test file, kept until the code or that file changes."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.mutants import recording
from scripts.mutants.sample import Mutant, sources
from scripts.mutants.workshop import Workshop, project_files

# A mutant that so many tests, or tests for so long, leave alive counts as survived.
MOST_TESTS = 60
MOST_SECONDS = 60.0
# Limit for one test file without a mutant.
_FILE_SECONDS = 900.0
# Nothing that a test of a target runs lies in these.
_NO_CODE = ("docs", "scripts", "bench", ".github")


@dataclass(frozen=True)
class Recorded:
    """Tests that pass, by the lines that they run."""

    seconds: Mapping[str, float]
    """Of each test, with its fixtures."""
    tests: Mapping[tuple[str, int], set[str]]
    """By path and line."""
    failed: tuple[str, ...]
    """Tests that fail, or are skipped, without a mutant; they are not used."""
    texts: Mapping[str, Sequence[str]]
    """The lines of each file."""

    def covering(self, mutant: Mutant) -> set[str]:
        """Return the tests that may notice a mutant."""
        if mutant.names:
            return self._naming(mutant.names) or self._running(place for place in self.tests if place[0] == mutant.path)
        first, last = mutant.lines
        running = self._running((mutant.path, line) for line in range(first, last + 1))
        # What a revision carries as text runs in the revision, and what uses it names it.
        return running or self._naming((mutant.function.rpartition(".")[2],))

    def chosen(self, mutant: Mutant) -> list[str]:
        """Return the tests to run, within the limits: of the same folder first, then the fastest.

        The second case of a test counts as twice as slow, and so on: other tests see more than further cases.
        """
        folder = Path(mutant.path).parent.name
        cases: Counter[str] = Counter()
        order: list[tuple[bool, float, str]] = []
        for test in sorted(self.covering(mutant), key=lambda test: (self.seconds[test], test)):
            function = test.partition("[")[0]
            cases[function] += 1
            order.append((folder not in test, cases[function] * self.seconds[test], test))
        tests = [test for *_, test in sorted(order, key=lambda each: each[:2])]
        return list(_within(tests[:MOST_TESTS], self.seconds))

    def _naming(self, names: Iterable[str]) -> set[str]:
        """Return the tests that run a line with one of the names."""
        word = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
        return self._running(
            (path, number)
            for path, lines in self.texts.items()
            for number, line in enumerate(lines, start=1)
            if word.search(line)
        )

    def _running(self, places: Iterable[tuple[str, int]]) -> set[str]:
        return set().union(*(self.tests.get(place, ()) for place in places))


def _within(tests: Iterable[str], seconds: Mapping[str, float]) -> Iterator[str]:
    total = 0.0
    for number, test in enumerate(tests):
        total += seconds[test]
        if number and total > MOST_SECONDS:
            return
        yield test


def test_files(root: Path, goals: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the files with tests: those of the goals, and the goals that have doctests."""
    found = {path for path in sources(root, goals) if ">>>" in (root / path).read_text()}
    for tests in goals.values():
        found.update(path for path in sources(root, tests) if Path(path).name.startswith("test_"))
    return sorted(found)


def read(root: Path, cache: Path, targets: Iterable[str], files: Iterable[str]) -> Recorded:
    """Put together what `record` wrote."""
    seconds: dict[str, float] = {}
    tests: dict[tuple[str, int], set[str]] = defaultdict(set)
    failed: list[str] = []
    for file in files:
        found = json.loads(_kept(cache, file).read_text())
        seconds.update(found["seconds"])
        failed += found["failed"]
        for path, lines in found["lines"].items():
            for line, names in lines.items():
                tests[path, int(line)].update(names)
    texts = {path: (root / path).read_text().splitlines() for path in sources(root, targets)}
    return Recorded(seconds, tests, tuple(sorted(failed)), texts)


def keys(root: Path, targets: Iterable[str], files: Sequence[str]) -> dict[str, str]:
    """Return of each test file a hash of it, of all code that is no test file, and of what is recorded."""
    common = hashlib.sha256(repr(sorted(targets)).encode())
    for path in project_files(root):
        if not _is_passed_over(Path(path)):
            common.update(path.encode() + b"\0" + (root / path).read_bytes())
    return {file: hashlib.sha256(common.digest() + (root / file).read_bytes()).hexdigest() for file in files}


def _is_passed_over(path: Path) -> bool:
    is_page = len(path.parts) == 1 and path.suffix not in (".py", ".toml")
    return is_page or path.parts[0] in _NO_CODE or path.name.startswith("test_")


def stale(cache: Path, wanted: Mapping[str, str]) -> list[str]:
    """Return the test files to record again."""
    return [file for file, key in wanted.items() if _key(_kept(cache, file)) != key]


def record(workshop: Workshop, cache: Path, targets: Sequence[str], file: str, key: str) -> None:
    """Run one test file and keep which of its tests run what. Raises RuntimeError: it does not end, or not well."""
    output = workshop.home / "recorded.json"
    include = [f"{workshop.tree / target}{'' if target.endswith('.py') else '/*'}" for target in targets]
    variables = {recording.OUTPUT: str(output), recording.INCLUDE: os.pathsep.join(include)}
    output.unlink(missing_ok=True)
    run = workshop.pytest(["-p", recording.__name__, file], _FILE_SECONDS, variables)
    if not output.exists():
        raise RuntimeError(f"{file} could not be recorded:\n{run.output[-2000:]}")
    found: dict[str, Any] = {"key": key, **json.loads(output.read_text())}
    kept = _kept(cache, file)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.with_suffix(".new").write_text(json.dumps(found))
    kept.with_suffix(".new").replace(kept)


def _kept(cache: Path, file: str) -> Path:
    return cache / f"{file.replace('/', '.')}.json"


def _key(kept: Path) -> str:
    return str(json.loads(kept.read_text())["key"]) if kept.exists() else ""
