"""One word, one thing: a class name is defined once, in the tool and in the runtime together."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("src/pgwright", "runtime/src/pgwright_runtime")

# The same thing in the tool and in the runtime, neither of which imports the other's.
SAME = {
    "CodeLine": "a line of the user's code: of a finding, and of what the guard saw",
    "Retention": "how long rows are kept: a team's word on one column, and an app's policies",
    "SortKey": "one key of ORDER BY: of a parsed statement, and of a query that is paged",
}


def test_a_class_name_means_one_thing() -> None:
    twice = {name: places for name, places in defined().items() if len(places) > 1}
    assert {name: places for name, places in twice.items() if name not in SAME} == {}


def test_what_is_excused_stands_once_in_each_distribution() -> None:
    found = defined()
    for name in SAME:
        assert [place.split("/")[0] for place in found[name]] == ["src", "runtime"], name


def defined() -> Mapping[str, list[str]]:
    """Return where each class is defined, by name; those with a leading underscore are their file's own."""
    found: dict[str, list[str]] = defaultdict(list)
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return found
