"""Every check has the same shape: the manual, the name, constants with reasons, and a test of its own."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest

import pgwright.checks
from pgwright.checks import load_checks
from pgwright.model.finding import SEVERITIES, Check, Confidence, Subject
from pgwright.model.snapshot import Snapshot
from tests.support.builders import make_advice, make_app, make_pending, make_snapshot

HEADINGS = ["What it does", "Why it matters", "Example", "When it is wrong", "Source"]
FORBIDDEN = ("pgwright.database", "pgwright.twin", "pgwright.advisor", "psycopg", "sqlalchemy")
HERE = Path(__file__).parent
CHECKS = load_checks()
EMPTY = {type(value): value for value in (make_snapshot(), make_advice(), make_app(), make_pending())}
each_check = pytest.mark.parametrize("check", CHECKS, ids=[check.name for check in CHECKS])


def _source(check: Check[Any]) -> Path:
    return Path(import_module(check.module).__file__ or "")


@each_check
def test_docstring_is_a_manual_with_every_heading(check: Check[Any]) -> None:
    manual = import_module(check.module).__doc__ or ""
    first = manual.splitlines()[0]
    assert first.startswith("Find ")
    assert first.endswith(".")
    assert re.findall(r"^## (.+)$", manual, flags=re.MULTILINE) == HEADINGS
    sections = re.split(r"^## .+$", manual, flags=re.MULTILINE)[1:]
    assert all(section.strip() for section in sections)
    assert "Use instead:" in sections[2]
    fault, repaired = sections[2].split("Use instead:")
    assert re.search(r"^    \S", fault, flags=re.MULTILINE)
    assert re.search(r"^    \S", repaired, flags=re.MULTILINE)


@each_check
def test_name_and_subject_follow_from_the_file(check: Check[Any]) -> None:
    path = _source(check)
    assert check.name == path.stem.replace("_", "-")
    assert check.subject == path.parent.name
    assert check.subject in get_args(Subject)
    assert check.severity in SEVERITIES
    assert check.confidence in get_args(Confidence)


@each_check
def test_every_threshold_is_a_named_constant_with_a_reason(check: Check[Any]) -> None:
    lines = _source(check).read_text(encoding="utf-8").splitlines()
    numbers = [n for n, line in enumerate(lines) if re.match(r"[A-Z][A-Z_, ]+ = [\d(\[{]", line)]
    for n in numbers:
        above = next(line for line in reversed(lines[:n]) if not re.match(r"[A-Z][A-Z_, ]+ = ", line))
        assert above.startswith("#"), f"{lines[n]} has no reason above it"


@each_check
def test_file_has_find_and_check_and_reaches_no_database(check: Check[Any]) -> None:
    tree = ast.parse(_source(check).read_text(encoding="utf-8"))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions[0] == "find"
    assert ast.unparse(tree.body[-1]).startswith("CHECK = Check(__name__, reads=")
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [module for module in imported if module.startswith(FORBIDDEN)]


@each_check
def test_check_has_tests_of_its_own(check: Check[Any]) -> None:
    assert (HERE / check.subject / f"test_{_source(check).stem}.py").exists()


@each_check
def test_file_is_short(check: Check[Any]) -> None:
    assert len(_source(check).read_text(encoding="utf-8").splitlines()) <= 200


@each_check
def test_an_empty_source_is_no_trouble(check: Check[Any]) -> None:
    list(check.find(EMPTY[check.reads]))


def test_every_file_of_a_subject_is_a_check() -> None:
    folder = Path(pgwright.checks.__file__).parent
    files = {path for subject in get_args(Subject) for path in (folder / subject).glob("*.py")}
    assert {path for path in files if path.stem != "__init__"} == {_source(check) for check in CHECKS}


@pytest.mark.parametrize(
    ("module", "options", "said"),
    [
        ("acme.rules.no_uuid", {}, "'no-uuid' has no subject: state it"),
        ("no_uuid", {}, "has no subject"),
        ("acme.keys.no_uuid", {"needs": ("index",)}, "needs ['index'], no fields of Snapshot"),
    ],
)
def test_a_check_that_cannot_be_asked_is_refused(module: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        Check(module, reads=Snapshot, severity="low", confidence="likely", find=lambda snapshot: iter(()), **options)


def test_a_stated_subject_beats_the_folder() -> None:
    check = Check(
        "acme.keys.no_uuid", reads=Snapshot, severity="low", confidence="likely", find=lambda snapshot: iter(()),
        subject="security",
    )  # fmt: skip
    assert (check.name, check.subject) == ("no-uuid", "security")
