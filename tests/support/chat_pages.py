"""The chat widget in a real Chromium, on a page of another origin than the chat's."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.support.chat_server import ChatServer
from tests.support.chat_widget import WATCH, Visit, Widget
from tests.support.loopback import serve

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Shop</title><meta name="viewport" content="width=device-width">
<script src="{chat}/widget.js" defer {attributes}></script></head>
<body><main><h1>Shop</h1><p><a href="#top">A link of the page</a></p></main></body>
</html>"""
_BROKEN_PAGE = "<!doctype html><html><body><img src='x.png'><button></button></body></html>"
_STRICT = (
    "default-src 'none'; script-src {chat}; style-src {chat}; connect-src {chat}; require-trusted-types-for 'script'"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for a file of tests, all of them sync: while it lives, this thread's event loop is Playwright's."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        pytest.skip("Chromium is not installed. Run: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def chat() -> ChatServer:
    return ChatServer()


@pytest.fixture
def gate(chat: ChatServer) -> threading.Semaphore:
    """Lets the answer's pieces through, one a release."""
    chat.gate = threading.Semaphore(0)
    return chat.gate


@pytest.fixture
def visit(chromium: Browser, chat: ChatServer) -> Iterator[Visit]:
    """Open a page with the widget; the strictest policy that it works under is the page's, unless one says another."""
    with ExitStack() as stack:
        chat_url = stack.enter_context(serve(chat.app()))
        site = stack.enter_context(serve(_site(chat_url)))
        failures: list[str] = []

        def visited(path: str = "/strict", *, clock: bool = False, **context: Any) -> Widget:
            page = stack.enter_context(chromium.new_context(**context)).new_page()
            page.set_default_timeout(10_000)
            page.on("pageerror", lambda error: failures.append(str(error)))
            page.add_init_script(WATCH)
            if clock:
                page.clock.install()
            page.goto(site + path)
            return Widget(page)

        yield visited
        assert failures == []


def _site(chat_url: str) -> Starlette:
    """Return pages that hold the widget: under a strict policy, under none, open at once; and two that are wrong."""
    strict = _STRICT.format(chat=chat_url)
    plain = _PAGE.format(chat=chat_url, attributes="")
    titled = _PAGE.format(chat=chat_url, attributes='data-title="Ask the &lt;b&gt;handbook&lt;/b&gt;" data-open')
    return Starlette(
        routes=[
            _page("/strict", plain, strict),
            _page("/plain", plain, None),
            _page("/open", titled, strict),
            _page("/without-styles", plain, strict.replace("style-src", "style-src-attr")),
            _page("/broken", _BROKEN_PAGE, None),
        ]
    )


def _page(path: str, html: str, policy: str | None) -> Route:
    headers = {} if policy is None else {"Content-Security-Policy": policy}

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(html, headers=headers)

    return Route(path, page)
