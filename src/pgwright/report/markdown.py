"""Results as Markdown, for a pull request or a wiki."""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment

from pgwright.model.result import Result
from pgwright.report.quoting import escape_markdown
from pgwright.report.templating import context, environment

_BLANK_LINES = re.compile(r"\n{3,}")


def render_markdown(result: Result) -> str:
    """Return the document; user text is escaped, so that a name cannot format it."""
    text = _environment().get_template(f"{result.kind}.md").render(result=result, **context(result))
    return _BLANK_LINES.sub("\n\n", text).strip() + "\n"


@cache
def _environment() -> Environment:
    return environment(escapes_html=False, finalize=escape_markdown)
