"""Results as Markdown, for a pull request or a wiki."""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment

from pgwright.model.result import Result
from pgwright.report.quoting import escape_markdown
from pgwright.report.templating import environment, rendered

_BLANK_LINES = re.compile(r"\n{3,}")


def render_markdown(result: Result) -> str:
    """Return the document; user text is escaped, so that a name cannot format it."""
    text = rendered(_environment(), "page.md", result)
    return _BLANK_LINES.sub("\n\n", text).strip() + "\n"


@cache
def _environment() -> Environment:
    return environment(escapes_html=False, finalize=escape_markdown)
