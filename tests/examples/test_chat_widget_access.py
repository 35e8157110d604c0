"""The chat widget is usable by keyboard and screen reader, on a small screen, in the dark, and without motion."""

from __future__ import annotations

from threading import Semaphore
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.chat_server import ChatServer
from tests.support.chat_widget import Visit, Widget

pytest_plugins = ["tests.support.chat_pages"]
pytestmark = pytest.mark.xdist_group("chromium")

PHONE = {"width": 320, "height": 568}
# 1,280 pixels at a zoom of 400 %.
ZOOMED = {"width": 320, "height": 256}
LONG_WORD = "Donaudampfschiff" * 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [None, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing(visit: Visit, chat: ChatServer, scheme: str, viewport: dict[str, int] | None) -> None:
    widget = visit(color_scheme=scheme, reduced_motion="reduce", **({} if viewport is None else {"viewport": viewport}))
    expect(widget.launcher).to_be_visible()
    assert violations(widget) == []
    widget.open()
    assert violations(widget) == []
    widget.ask("How long is leave?")
    widget.page.get_by_text("Handbook").click()
    expect(widget.page.get_by_role("link", name="docs.test")).to_be_visible()
    assert violations(widget) == []
    chat.error = "the model is gone"
    widget.ask("And sick leave?")
    expect(widget.retry).to_be_visible()
    widget.input.fill("x" * 4_001)
    assert violations(widget) == []
    chat.error, chat.refusals = None, [(429, {"Retry-After": "30"})]
    widget.retry.click()
    expect(widget.retry).to_be_disabled()
    assert violations(widget) == []


def test_axe_does_find_what_is_wrong(visit: Visit) -> None:
    assert {"image-alt", "button-name", "document-title", "html-has-lang"} <= set(violations(visit("/broken")))


def test_axe_looks_inside_the_widget(visit: Visit) -> None:
    widget = visit()
    widget.open()
    widget.page.evaluate("""
        const faint = new CSSStyleSheet();
        faint.replaceSync("p { color: #bbb !important }");
        document.querySelector("pgwright-chat").shadowRoot.adoptedStyleSheets.push(faint);
    """)
    assert violations(widget) == ["color-contrast"]


def test_all_of_it_works_by_keyboard(visit: Visit, chat: ChatServer) -> None:
    widget = visit()
    widget.page.evaluate("window.keys = []; document.addEventListener('keydown', (event) => keys.push(event.key))")
    press = widget.page.keyboard.press
    press("Tab")
    press("Tab")
    expect(widget.launcher).to_be_focused()
    press("Enter")
    expect(widget.input).to_be_focused()
    widget.page.evaluate("keys.length = 0")
    widget.page.keyboard.type("How long")
    press("Shift+Enter")
    widget.page.keyboard.type("is leave?")
    press("Enter")
    expect(widget.page.locator(".sources")).to_be_visible()
    assert chat.asked[0].question == "How long\nis leave?"
    expect(widget.input).to_be_focused()
    for _ in range(2):
        press("Shift+Tab")
    expect(widget.log).to_be_focused()
    press("Tab")
    press("Enter")
    expect(widget.page.locator("blockquote")).to_be_visible()
    press("Tab")
    expect(widget.page.get_by_role("link", name="docs.test")).to_be_focused()
    press("Escape")
    expect(widget.dialog).to_be_hidden()
    expect(widget.launcher).to_be_focused()
    # The page has shortcuts of its own, for which none of this was meant.
    assert widget.page.evaluate("keys") == []


def test_what_was_written_is_there_after_escape(visit: Visit) -> None:
    widget = visit()
    widget.open()
    widget.input.fill("How long")
    widget.page.keyboard.press("Escape")
    widget.open()
    expect(widget.input).to_have_value("How long")
    widget.page.get_by_role("button", name="Close").click()
    expect(widget.launcher).to_be_focused()


def test_a_screen_reader_is_given_whole_sentences(visit: Visit, chat: ChatServer, gate: Semaphore) -> None:
    chat.pieces = ("Leave is ", "30 da", "ys. Ask ", "your lead.")
    widget = visit()
    widget.open()
    widget.ask("How long is leave?")
    # As a status, all of it would be read anew with each sentence.
    assert widget.page.locator("pgwright-chat").locator("[role=status], [aria-live], [aria-atomic]").count() == 0
    heard = ["Looking for an answer…"]
    for count, sentences in enumerate(([], [], ["Leave is 30 days. "], ["Ask your lead.", "Sources: 1"]), start=1):
        gate.release()
        expect(widget.answer).to_have_text("".join(chat.pieces[:count]))
        heard += sentences
        expect(widget.page.locator("[role=log] p")).to_have_count(len(heard))
        assert widget.announced() == heard


def test_names_and_roles(visit: Visit, chat: ChatServer) -> None:
    widget = visit("/open")
    expect(widget.dialog).to_have_accessible_name("Ask the <b>handbook</b>")
    expect(widget.input).to_have_accessible_description("Enter sends, Shift + Enter starts a line")
    expect(widget.page.get_by_role("heading", level=2)).to_have_text("Ask the <b>handbook</b>")
    # It opened with the page, so nobody asked for the focus to go there.
    assert widget.page.evaluate("document.activeElement === document.body")
    widget.ask("How long is leave?")
    assert "You: How long is leave?" in " ".join(widget.log.locator("li.user").all_text_contents())
    expect(widget.log.get_by_role("listitem").filter(has_text="Answer: ")).to_contain_text(chat.pieces[0])


def test_with_the_page_it_never_opens_over_all_of_it(visit: Visit) -> None:
    widget = visit("/open", viewport=PHONE)
    expect(widget.launcher).to_be_visible()
    expect(widget.dialog).to_be_hidden()


@pytest.mark.parametrize("viewport", [PHONE, ZOOMED], ids=["phone", "zoomed"])
def test_at_320_pixels_nothing_scrolls_sideways(visit: Visit, chat: ChatServer, viewport: dict[str, int]) -> None:
    chat.pieces = (LONG_WORD,)
    chat.citations = ({"title": LONG_WORD, "url": f"https://{'a' * 60}.test/", "passage": LONG_WORD},)
    widget = visit(viewport=viewport)
    widget.open()
    widget.ask(LONG_WORD)
    widget.page.locator("summary").click()
    for element in (widget.page.locator("html"), widget.dialog, widget.log, widget.page.locator(".sources")):
        assert element.evaluate("element => element.scrollWidth - element.clientWidth") == 0
    # What is at the end can be reached.
    widget.page.get_by_role("button", name="Ask", exact=True).click()
    expect(widget.page.get_by_role("button", name="Ask", exact=True)).to_be_in_viewport(ratio=1)
    widget.page.get_by_role("link", name="aaa").scroll_into_view_if_needed()
    expect(widget.page.get_by_role("link", name="aaa")).to_be_in_viewport()
    # The page behind it is out of reach.
    for _ in range(8):
        widget.page.keyboard.press("Tab")
        assert widget.page.evaluate("document.activeElement.tagName") in ("PGWRIGHT-CHAT", "BODY")


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_it_is_as_light_or_dark_as_people_want(visit: Visit, scheme: str, is_dark: bool) -> None:
    widget = visit(color_scheme=scheme)
    widget.open()
    colors = widget.dialog.evaluate(
        "dialog => [getComputedStyle(dialog).backgroundColor, getComputedStyle(dialog).color]"
    )
    page, ink = (sum(map(int, color.removeprefix("rgb(").removesuffix(")").split(","))) for color in colors)
    assert (page < ink) is is_dark


@pytest.mark.parametrize(("wish", "animation"), [("reduce", "none"), ("no-preference", "rise")])
def test_nothing_moves_where_people_want_no_motion(visit: Visit, wish: str, animation: str) -> None:
    widget = visit(reduced_motion=wish)
    widget.open()
    assert widget.dialog.evaluate("dialog => getComputedStyle(dialog).animationName") == animation
    # No other rule moves anything.
    assert widget.page.evaluate("document.getAnimations().length") <= 1


def test_edges_are_seen_where_colors_are_forced(visit: Visit) -> None:
    widget = visit(forced_colors="active")
    widget.open()
    widget.ask("How long is leave?")
    ask = widget.page.get_by_role("button", name="Ask", exact=True)
    for element in (ask, widget.log.locator(".user")):
        border = element.evaluate("element => getComputedStyle(element).borderTop")
        assert border.startswith("1px solid ")
        assert not border.endswith("rgba(0, 0, 0, 0)")


def violations(widget: Widget) -> list[str]:
    """Return the names of axe's rules that the page breaks, its best practices among them."""
    found: list[dict[str, Any]] = Axe().run(widget.page).response["violations"]
    return [violation["id"] for violation in found]
