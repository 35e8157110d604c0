"""The chat widget on a page, used as a person does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

# What the page's policy refused, and whether anything ran that came as text.
WATCH = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.violatedDirective));
"""


@dataclass(frozen=True)
class Widget:
    """One widget, on one page."""

    page: Page

    def open(self) -> None:
        self.launcher.click()
        expect(self.input).to_be_focused()

    def ask(self, question: str) -> None:
        self.input.fill(question)
        self.input.press("Enter")

    @property
    def launcher(self) -> Locator:
        return self.page.locator(".launcher")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def input(self) -> Locator:
        return self.page.get_by_label("Your question")

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("region", name="Messages")

    @property
    def answer(self) -> Locator:
        """The text of the last answer."""
        return self.page.locator(".assistant .text").last

    @property
    def note(self) -> Locator:
        return self.page.locator(".note").last

    @property
    def retry(self) -> Locator:
        return self.page.get_by_role("button", name="Try again")

    @property
    def more(self) -> Locator:
        return self.log.locator("> button")

    def announced(self) -> list[str]:
        """Return what a screen reader was given to say since the last question."""
        return self.page.locator("[role=log] p").all_text_contents()

    def refused(self) -> list[str]:
        """Return the directives of the page's policy that something on it violated."""
        found: list[str] = self.page.evaluate("window.refused")
        return found


Visit = Callable[..., Widget]
