"""Stage 5: any result as text, JSON, Markdown, HTML or SARIF; a module for each format, a folder for each kind."""

from __future__ import annotations

from typing import Literal

from pgwright.errors import ConfigError
from pgwright.model.result import Result
from pgwright.report.as_json import render_json
from pgwright.report.html import render_html
from pgwright.report.markdown import render_markdown
from pgwright.report.sarif import render_sarif
from pgwright.report.screen import Screen
from pgwright.report.terminal import render_terminal
from pgwright.visible import visible

Format = Literal["terminal", "json", "markdown", "html", "sarif"]
FORMATS: tuple[Format, ...] = ("terminal", "json", "markdown", "html")
# For results that hold findings.
FINDING_FORMATS: tuple[Format, ...] = (*FORMATS, "sarif")

__all__ = ["FINDING_FORMATS", "FORMATS", "Format", "Result", "Screen", "render"]


def render(result: Result, form: Format, screen: Screen | None = None) -> str:
    """Return a result as text that ends in a line break; `screen` says how wide and colourful a terminal is.

    No hidden character is in it, whatever the formats let through. JSON cuts very long lists unless `screen` shows all.

    Raises: ConfigError: there is no such format.
    """
    if form not in FINDING_FORMATS:
        raise ConfigError(f"there is no format {form!r}; known: {', '.join(FINDING_FORMATS)}.")
    screen = screen or Screen()
    if form == "terminal":
        return visible(render_terminal(result, screen), keeps_colors=screen.has_color)
    if form == "json":
        return visible(render_json(result, shows_all=screen.shows_all))
    plain = {"markdown": render_markdown, "html": render_html, "sarif": render_sarif}[form]
    return visible(plain(result))
