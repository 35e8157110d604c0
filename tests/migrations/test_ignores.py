from __future__ import annotations

from textwrap import dedent

import pytest

from pgwright.migrations.ignores import Ignore, read_ignores
from pgwright.model.finding import CodeLine, Finding

RULE = "# pgwright: ignore[index-not-concurrent] because the table is empty"


def read(source: str) -> Ignore:
    (found,) = read_ignores(dedent(source), "r.py")
    return found


def finding(line: int | None, check: str = "index-not-concurrent", file: str = "r.py") -> Finding:
    place = None if line is None else CodeLine(file, line, "upgrade")
    return Finding(check, "migrations", "high", "certain", "note in r1", "m", (), "a", place=place)


def covered(source: str) -> list[int]:
    """Return the lines that the only comment is about."""
    found = read(source)
    return [line for line in range(1, len(dedent(source).splitlines()) + 1) if found.covers(finding(line), "r.py")]


def test_a_comment_at_the_end_of_a_line_is_about_its_statement() -> None:
    assert covered(f"def upgrade():\n    a()\n    b(  {RULE}\n        1,\n    )\n    c()\n") == [3, 4, 5]
    assert covered(f"def upgrade():\n    a()\n    b(\n        1,\n    )  {RULE}\n    c()\n") == [3, 4, 5]


def test_a_comment_above_a_statement_is_about_it() -> None:
    assert covered(f"def upgrade():\n    a()\n    {RULE}\n    # and more\n    b()\n    c()\n") == [5]


def test_a_comment_above_a_block_is_about_all_of_it() -> None:
    assert covered(f"x = 1\n\n\n{RULE}\ndef upgrade():\n    a()\n    b()\n\n\ndef downgrade():\n    c()\n") == [5, 6, 7]
    assert covered(f"def upgrade():\n    for x in y:  {RULE}\n        a()\n    b()\n") == [2, 3]


def test_a_comment_outside_of_functions_is_about_the_file_and_what_has_no_line() -> None:
    found = read(f'"""Docstring."""\n{RULE}\n\nrevision = "r1"\n\n\ndef upgrade():\n    a()\n')
    assert found.covers(finding(8), "r.py")
    assert found.covers(finding(None), "r.py")
    assert not read(f"def upgrade():\n    a()  {RULE}\n").covers(finding(None), "r.py")


def test_a_comment_with_an_empty_line_below_is_about_nothing() -> None:
    assert covered(f"def upgrade():\n    a()\n    {RULE}\n\n    b()\n") == []


def test_only_the_named_rules_of_the_same_file_are_covered() -> None:
    found = read("def upgrade():\n    a()  # pgwright: ignore[one, two] because so\n")
    assert found.covers(finding(2, "one"), "r.py")
    assert found.covers(finding(2, "two"), "r.py")
    assert not found.covers(finding(2, "three"), "r.py")
    assert not found.covers(finding(2, "one", "other.py"), "other.py")


def test_a_text_that_looks_like_a_comment_is_none() -> None:
    assert read_ignores(f'x = """\n{RULE}\n"""\n', "r.py") == ()
    assert read_ignores(f"def upgrade(:\n    {RULE}\n", "r.py") == ()


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ("# pgwright: ignore because so", "names no rule"),
        ("# pgwright: ignore[] because so", "names no rule"),
        ("# pgwright: ignore[one]", "states no reason"),
        ("# pgwright: ignore[one] because", "states no reason"),
        ("# pgwright: ignore[one] why not", "states no reason"),
    ],
)
def test_a_comment_without_rule_or_reason_is_told(comment: str, words: str) -> None:
    found = read(f"def upgrade():\n    a()  {comment}\n")
    assert words in found.fault(is_used=True, ran=("one",))
    assert "r.py:2" in found.fault(is_used=True, ran=())


def test_a_comment_that_nothing_needs_is_told_where_its_rules_ran() -> None:
    found = read(f"def upgrade():\n    a()  {RULE}\n")
    assert found.fault(is_used=True, ran=("index-not-concurrent",)) == ""
    assert "no such finding" in found.fault(is_used=False, ran=("index-not-concurrent",))
    assert found.fault(is_used=False, ran=("another",)) == ""
    assert found.reason == "the table is empty"
