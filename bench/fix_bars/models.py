"""The patcher on models of every form: what they declare afterwards, and what it left as it was."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from query_bars.figures import Figure, at_least, at_most, shown

from pgwright.embedded import run_server
from tests.support.model_files import Entry, Judged, entries, judge

FEWEST = 40
_BARS = {
    "imports": "patched models that import",
    "equal": "tables made by them are those of the migrated database",
    "alembic_clean": "alembic finds nothing to do",
    "idempotent": "a second run changes nothing",
    "bytes_kept": "bytes and comments around the edits are as they were",
}


def measure() -> Iterator[Figure]:
    corpus = entries()
    with run_server() as server:
        judged = [judge(entry, server) for entry in corpus]
    for one in judged:
        for problem in one.problems:
            print(f"    {one.name}: {problem}", flush=True)
    yield at_least("forms of models", len(judged), "", FEWEST)
    for attribute, bar in _BARS.items():
        yield at_least(bar, _percent(judged, attribute), "%", 100)
    named = [len(_by_hand(entry)) for entry in corpus]
    yield shown("forms that no syntax tool edits in full, and say so", sum(map(bool, named)), "")
    yield shown("what they name for a person, left out above", sum(named), "")
    left = [one for one in judged if any(problem.startswith("left to do by hand") for problem in one.problems)]
    yield shown("forms with more left to a person, lines to paste given", len(left), "")
    silent = [one for one in judged if not one.is_good and one not in left]
    yield at_most("forms that miss a bar above, and nobody is told", len(silent), "", 0)


def _percent(judged: Sequence[Judged], attribute: str) -> float:
    return 100 * sum(bool(getattr(one, attribute)) for one in judged) / len(judged)


def _by_hand(entry: Entry) -> dict[str, str]:
    """Return what an entry says that no syntax tool can edit, and why."""
    found: dict[str, str] = {}
    for path in sorted(entry.path.rglob("*.py")) if entry.path.is_dir() else [entry.path]:
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "BY_HAND":
                found |= ast.literal_eval(node.value)
    return found
