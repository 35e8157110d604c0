"""Diffs are those of `git diff`, also in long files whose lines repeat."""

from __future__ import annotations

import subprocess
from difflib import unified_diff
from pathlib import Path

import pytest

from pgwright.diffs import unified

_CALL = ["    op.alter_column(\n", '        "note",\n', "        existing_nullable=False,\n", "    )\n"]
_LONG = ["def upgrade():\n", *_CALL * 80]


def test_a_call_that_goes_is_a_few_lines_of_a_long_file() -> None:
    lines = list(unified(_LONG, [*_LONG[:101], *_LONG[105:]], "a", "b"))
    assert [line[0] for line in lines[3:]].count("-") == 4
    assert "+" not in [line[0] for line in lines[3:]]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], ["a\n", "b\n"]),
        (["a\n"], []),
        (["a\n", "b\n", "c\n"], ["a\n", "c\n", "d\n"]),
        ([f"{n}\n" for n in range(40)], [f"{n}\n" for n in range(40) if n not in (3, 30)]),
        (["a\n"], ["a\n"]),
    ],
)
def test_a_short_one_is_that_of_difflib(before: list[str], after: list[str]) -> None:
    assert list(unified(before, after, "a", "b")) == list(unified_diff(before, after, "a", "b"))


@pytest.mark.parametrize("end", ["", "    # no line end"])
def test_git_applies_it(tmp_path: Path, end: str) -> None:
    after = [*_LONG[:40], "    pass\n", *_LONG[61:], *filter(None, [end])]
    (tmp_path / "f").write_text("".join(_LONG))
    diff = "".join(unified(_LONG, after, "a/f", "b/f"))
    subprocess.run(["git", "apply"], input=diff, cwd=tmp_path, text=True, check=True)
    assert (tmp_path / "f").read_text() == "".join(after)
