"""The whole chat: a visitor in Chromium, the widget, the app, a real Valkey and a real database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from chat.after.app import create_app
from chat.after.settings import Settings
from tests.support.chat_clients import QUESTION
from tests.support.chat_widget import WATCH, Widget
from tests.support.database import Database
from tests.support.loopback import serve
from tests.support.valkey import run_broker

pytest_plugins = ["tests.support.chat_databases", "tests.support.chat_pages"]
pytestmark = pytest.mark.xdist_group("chromium")


@pytest.fixture
def visitor(chromium: Browser, after_copy: Database) -> Iterator[Widget]:
    """A visitor of the app's own page."""
    with run_broker() as broker:
        app = create_app(Settings(after_copy.url(), broker.url, asks_a_minute=2))
        with serve(app, lifespan="on") as url:
            page = chromium.new_page()
            page.add_init_script(WATCH)
            page.goto(url)
            yield Widget(page)
            page.close()


def test_a_visitor_asks_comes_back_and_has_asked_enough(visitor: Widget) -> None:
    visitor.open()
    visitor.ask(QUESTION)
    expect(visitor.page.get_by_role("list", name="Sources")).to_be_visible()
    expect(visitor.answer).to_contain_text("wait for a lock of the other")
    assert Axe().run(visitor.page).violations_count == 0
    visitor.ask("<b>What</b> is bloat?")
    expect(visitor.page.get_by_role("list", name="Sources")).to_have_count(2)
    visitor.page.reload()
    visitor.open()
    expect(visitor.page.locator(".assistant")).to_have_count(2)
    expect(visitor.log).to_contain_text("<b>What</b> is bloat?")
    visitor.ask(QUESTION)
    expect(visitor.note).to_contain_text("Too many questions at once. You can ask again in")
    assert visitor.refused() == []
