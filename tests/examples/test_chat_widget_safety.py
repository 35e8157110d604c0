"""Nothing that people or documents say runs in the page, whose policy may be as strict as it likes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.chat_server import FILES, WIDGET, ChatServer
from tests.support.chat_widget import Visit

pytest_plugins = ["tests.support.chat_pages"]
pytestmark = pytest.mark.xdist_group("chromium")

LIMIT_BYTES = 15_000
RUN = "window.ran = true"
HOSTILE = (
    f"<img src=x onerror='{RUN}'>",
    f"<svg onload='{RUN}'></svg>",
    f"<script>{RUN}</script>",
    f"</textarea></li><iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
)
ADDRESSES = (
    f"javascript:{RUN}",
    f" JaVa\nScript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    "//docs.test/relative",
    "ftp://docs.test/",
    "",
)
TEXT = " ".join(HOSTILE)


@pytest.mark.parametrize("path", ["/strict", "/plain"])
def test_markup_and_scripts_are_text(visit: Visit, chat: ChatServer, path: str) -> None:
    chat.pieces = (*HOSTILE, f"[a](javascript:{RUN})")
    urls = (*ADDRESSES, f"http://docs.test/' onmouseover='{RUN}")
    chat.citations = tuple({"title": TEXT, "url": url, "passage": TEXT} for url in urls)
    widget = visit(path)
    widget.open()
    widget.ask(TEXT)
    expect(widget.page.locator(".user .text")).to_have_text(TEXT)
    expect(widget.answer).to_have_text("".join(chat.pieces))
    for summary in widget.page.locator("summary").all():
        summary.click()
    expect(widget.page.get_by_text(TEXT)).to_have_count(1 + 2 * len(chat.citations))
    for link in (links := widget.page.locator("pgwright-chat a")).all():
        link.hover()
        assert (link.get_attribute("rel"), link.get_attribute("target")) == ("noopener", "_blank")
    assert [link.get_attribute("href") for link in links.all()] == [
        "http://docs.test/'%20onmouseover='window.ran%20=%20true"
    ]
    assert widget.page.locator("pgwright-chat").locator("img, svg, script, iframe").count() == 0
    assert widget.page.evaluate("window.ran") is None
    assert widget.refused() == []


def test_an_error_and_the_history_are_text(visit: Visit, chat: ChatServer) -> None:
    chat.error = TEXT
    widget = visit("/plain")
    widget.open()
    widget.ask("How long is leave?")
    expect(widget.note).to_have_text(f"That did not work: {TEXT}")
    chat.history = [
        {"role": "assistant", "text": TEXT, "citations": [{"title": TEXT, "url": ADDRESSES[0], "passage": TEXT}]},
        {"role": TEXT, "text": TEXT, "citations": None},
    ]
    widget.page.reload()
    widget.open()
    expect(widget.page.locator(".text")).to_have_text([TEXT, TEXT])
    assert widget.page.locator("pgwright-chat").locator("img, svg, script, iframe, a").count() == 0
    assert widget.page.evaluate("window.ran") is None


@pytest.mark.parametrize("markup", [HOSTILE[0], HOSTILE[3]])
def test_the_same_markup_does_run_where_it_is_taken_for_markup(visit: Visit, markup: str) -> None:
    widget = visit("/plain")
    widget.page.evaluate("markup => document.querySelector('main').innerHTML = markup", markup)
    widget.page.wait_for_function("window.ran === true")


def test_a_page_with_a_strict_policy_has_nothing_to_report(visit: Visit) -> None:
    widget = visit("/strict")
    widget.open()
    widget.ask("How long is leave?")
    expect(widget.page.locator(".sources")).to_be_visible()
    assert widget.dialog.evaluate("dialog => getComputedStyle(dialog).position") == "fixed"
    assert widget.refused() == []


def test_a_policy_without_the_host_is_reported_and_leaves_it_usable(visit: Visit) -> None:
    """Without it, nobody would know that the test above can fail."""
    widget = visit("/without-styles")
    widget.open()
    widget.ask("How long is leave?")
    expect(widget.page.locator(".sources")).to_be_visible()
    assert widget.refused() == ["style-src-elem"]


def test_it_sends_no_cookie_and_keeps_its_token_for_the_tab_only(visit: Visit, chat: ChatServer) -> None:
    widget = visit()
    widget.open()
    widget.ask("How long is leave?")
    expect(widget.page.locator(".sources")).to_be_visible()
    assert chat.sessions[0] in widget.page.evaluate("JSON.stringify(sessionStorage)")
    assert widget.page.evaluate("localStorage.length + document.cookie.length") == 0


def test_both_files_are_small_as_they_are_served() -> None:
    assert sum((WIDGET / name).stat().st_size for name in FILES) < LIMIT_BYTES
