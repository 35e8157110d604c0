"""A name in the database can hold anything; no format lets it act."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from typing import Any

import pytest

from pgwright.model.change import Change
from pgwright.model.names import QualifiedName
from pgwright.report import FORMATS, Format, Result, Screen, render
from pgwright.report.quoting import code, escape_markdown
from pgwright.visible import HIDDEN
from tests.support import samples

RESULTS = samples.RESULTS.values()
IDS = list(samples.RESULTS)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("result", RESULTS, ids=IDS)
def test_nothing_hidden_reaches_the_output(result: Result, form: Format) -> None:
    assert not HIDDEN.search(render(result, form, Screen(shows_all=True)))


# Fields that hold names of a database or of an app, or sentences with such names.
NAMED = frozenset((
    "database", "object", "server_version", "taken_at", "message", "title", "warning", "reason", "what", "remedy",
    "advice", "value", "app", "table", "relation", "index", "revision", "known", "allowed", "by_hand", "findings",
    "context", "settings", "removed", "conditions", "covered_by", "added", "version",
))  # fmt: skip


def _forged(value: Any, *, is_named: bool = False) -> Any:
    """Return a result whose names have a line break, and a line of their own after it."""
    if isinstance(value, str):
        return f"{value}\nFORGED" if is_named and value else value
    if isinstance(value, tuple):
        return tuple(_forged(one, is_named=is_named) for one in value)
    if isinstance(value, Change | QualifiedName) or not is_dataclass(value) or isinstance(value, type):
        return value
    fields_of = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
    return replace(value, **{name: _forged(one, is_named=name in NAMED) for name, one in fields_of.items()})


@pytest.mark.parametrize("result", RESULTS, ids=IDS)
def test_no_name_writes_a_line_of_its_own_on_a_terminal(result: Result) -> None:
    text = render(_forged(result), "terminal", Screen(width=2000, shows_all=True))
    assert r"\nFORGED" in text
    assert [line for line in text.splitlines() if line.lstrip().startswith("FORGED")] == []


def test_lines_of_sql_are_indented() -> None:
    finding = replace(samples.DIAGNOSIS.findings[0], sql="VACUUM a;\nVACUUM b", changes=())
    text = render(replace(samples.DIAGNOSIS, findings=(finding,)), "terminal", Screen(shows_all=True))
    assert re.search(r"^ {10}VACUUM a;\n {12}VACUUM b$", text, re.MULTILINE)


@pytest.mark.parametrize("result", RESULTS, ids=IDS)
def test_colour_comes_from_us_alone(result: Result) -> None:
    text = render(result, "terminal", Screen(has_color=True, shows_all=True))
    plain = render(result, "terminal", Screen(shows_all=True))
    assert "\x1b[" in text
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == plain


def test_rich_markup_in_a_name_is_printed_as_it_is() -> None:
    assert "[red]a|b" in render(samples.DIAGNOSIS, "terminal", Screen(width=200))


@pytest.mark.parametrize("result", RESULTS, ids=IDS)
def test_html_is_well_formed_and_holds_no_script(result: Result) -> None:
    page = render(result, "html")
    tags = _Tags()
    tags.feed(page)
    assert "script" not in tags.seen
    assert tags.open == []
    assert not re.search(r"https?://", page), "the page needs nothing from elsewhere"


def test_markdown_keeps_a_hostile_name_in_its_cell() -> None:
    text = render(samples.PROOF, "markdown")
    rows = [line for line in text.splitlines() if line.startswith("|") and "alert" in line]
    assert rows
    for row in rows:
        columns = len(re.findall(r"(?<!\\)\|", row)) - 1
        assert columns in (2, 4, 8), row


def test_json_parses_and_keeps_the_name_exactly() -> None:
    document = json.loads(render(samples.DIAGNOSIS, "json"))
    assert document["findings"][1]["object"] == samples.HOSTILE


def test_code_span_is_longer_than_any_backticks_inside() -> None:
    assert code("a``b") == "```a``b```"
    assert escape_markdown("*a* [b](c)") == r"\*a\* \[b\](c)"


class _Tags(HTMLParser):
    """Follows which elements are open."""

    VOID = ("meta", "br", "rect", "line")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
