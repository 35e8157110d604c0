"""Results as one HTML file that needs nothing else: no script, no font, no network; light and dark."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment

from pgwright.model.result import Result
from pgwright.report.templating import environment, rendered
from pgwright.visible import visible


def render_html(result: Result) -> str:
    """Return the page."""
    return rendered(_environment(), "page.html", result).rstrip() + "\n"


@cache
def _environment() -> Environment:
    return environment(escapes_html=True, finalize=_harmless)


def _harmless(value: object) -> object:
    # Escaping of < and & comes after this; Markup (a macro's result) is a str too and holds none of these characters.
    return visible(value) if type(value) is str else value
