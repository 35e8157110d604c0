"""A name in the database can hold anything; no format lets it act."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

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
        assert columns in (2, 8), row


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
