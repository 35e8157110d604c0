"""Every format of every kind equals its golden file. Refresh them: PGWRIGHT_UPDATE_GOLDEN=1 pytest tests/report"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pgwright.report import Format, Result, Screen, render
from tests.support import samples

GOLDEN = Path(__file__).parent / "golden"
RESULTS: dict[str, Result] = {
    "diagnosis": samples.DIAGNOSIS,
    "empty": samples.EMPTY_DIAGNOSIS,
    "advice": samples.ADVICE,
    "fix": samples.FIX,
    "proof": samples.PROOF,
}
SUFFIXES: dict[str, tuple[Format, Screen]] = {
    "txt": ("terminal", Screen(width=100)),
    "all.txt": ("terminal", Screen(width=100, shows_all=True)),
    "narrow.txt": ("terminal", Screen(width=44)),
    "md": ("markdown", Screen()),
    "html": ("html", Screen()),
    "json": ("json", Screen()),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", RESULTS)
def test_report_equals_its_golden_file(name: str, suffix: str) -> None:
    form, screen = SUFFIXES[suffix]
    text = render(RESULTS[name], form, screen)
    path = GOLDEN / f"{name}.{suffix}"
    if os.environ.get("PGWRIGHT_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("width", [20, 33, 44, 80, 200])
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    lines = render(RESULTS[name], "terminal", Screen(width=width, shows_all=True)).splitlines()
    assert max(map(len, lines)) <= width
