"""The widget in Chromium, on the app's own page: when an answer begins to be read, and what axe finds."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect, sync_playwright
from query_bars.figures import Figure, at_most, shown

from chat_bars.chat_site import run_site
from tests.support.chat_widget import Widget

QUESTION = "What is VACUUM?"
ROUNDS = 20
# When the click came, and when the last answer had its first character, on one clock.
_TIMED = """
() => new Promise((resolve) => {
    const root = document.querySelector('pgwright-chat').shadowRoot;
    const button = root.querySelector('form button');
    const log = root.querySelector('.log');
    let clicked;
    const watch = new MutationObserver(() => {
        const said = [...root.querySelectorAll('.assistant .text')].at(-1);
        if (clicked && said?.textContent) { watch.disconnect(); resolve(performance.now() - clicked); }
    });
    watch.observe(log, { childList: true, subtree: true, characterData: true });
    button.addEventListener('click', () => (clicked = performance.now()), { capture: true, once: true });
    button.click();
})
"""


def measure() -> Iterator[Figure]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    with run_site() as site, site.serving() as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--disable-gpu"])
        taken, violations = _visit(browser, f"http://127.0.0.1:{port}")
        browser.close()
    yield shown("first character after a click, median", statistics.median(taken), "ms")
    yield at_most("first character after a click, the slowest", max(taken), "ms", 300)
    yield at_most("violations that axe finds", violations, "", 0)


def _visit(browser: Browser, url: str) -> tuple[list[float], int]:
    page = browser.new_page()
    page.goto(url)
    widget = Widget(page)
    widget.open()
    taken: list[float] = []
    for number in range(ROUNDS + 2):
        widget.input.fill(QUESTION)
        taken.append(page.evaluate(_TIMED))
        expect(page.locator(".sources")).to_have_count(number + 1)
        if number == 0:
            page.wait_for_timeout(5_000)  # a new table is cached 4 s after it was named
    violations = int(Axe().run(page).violations_count)
    # The first one found no cache, and the second one nothing in it.
    return taken[2:], violations
