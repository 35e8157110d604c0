"""Every format of every kind equals its golden file. Refresh them: PGWRIGHT_UPDATE_GOLDEN=1 pytest tests/report"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pgwright.report import FINDING_FORMATS, Format, Screen, render
from pgwright.report.kind import KINDS
from pgwright.version import VERSION
from tests.support import samples

GOLDEN = Path(__file__).parent / "golden"
SUFFIXES: dict[str, tuple[Format, Screen]] = {
    "txt": ("terminal", Screen(width=100)),
    "all.txt": ("terminal", Screen(width=100, shows_all=True)),
    "narrow.txt": ("terminal", Screen(width=44)),
    "md": ("markdown", Screen()),
    "html": ("html", Screen()),
    "json": ("json", Screen()),
    "sarif": ("sarif", Screen()),
}


CASES = [
    (name, suffix)
    for name, result in samples.RESULTS.items()
    for suffix in SUFFIXES
    if suffix != "sarif" or hasattr(result, "findings")
]


@pytest.mark.parametrize(("name", "suffix"), CASES)
def test_report_equals_its_golden_file(name: str, suffix: str) -> None:
    form, screen = SUFFIXES[suffix]
    text = render(samples.RESULTS[name], form, screen).replace(VERSION, "(version)")
    path = GOLDEN / f"{name}.{suffix}"
    if os.environ.get("PGWRIGHT_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_every_format_of_every_kind_has_a_golden_file() -> None:
    """Nor is there a file left of what is no more."""
    assert {form for form, _ in SUFFIXES.values()} == set(FINDING_FORMATS)
    assert {result.kind for result in samples.RESULTS.values()} == set(KINDS)
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.{suffix}" for name, suffix in CASES}


@pytest.mark.parametrize("name", samples.RESULTS)
@pytest.mark.parametrize("width", [20, 33, 44, 80, 200])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    lines = render(samples.RESULTS[name], "terminal", Screen(width=width, shows_all=True)).splitlines()
    assert max(map(len, lines)) <= width
