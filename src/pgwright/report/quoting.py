"""User text made safe for where it is shown: a name in the database may hold anything."""

from __future__ import annotations

import re

from pgwright import sqltext
from pgwright.visible import on_one_line, visible

# What a forge takes for a person, an issue or a link, escaped or not; in code it takes nothing for one.
_CALLS = re.compile(r"[@#]|://|\bwww\.|\bGH-", re.IGNORECASE)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")


def one_line(text: str, limit: int) -> str:
    """Return the text on one line, cut to so many characters.

    >>> one_line("SELECT *  FROM users", 12)
    'SELECT * FR…'
    """
    joined = on_one_line(text)
    return joined if len(joined) <= limit else joined[: limit - 1] + "…"


def gist(statement: str, limit: int) -> str:
    """Return an SQL statement on one line, cut to so many characters; its list of columns goes first."""
    return sqltext.gist(visible(statement), limit)


class Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def escape_markdown(value: object) -> str:
    """Return the value as Markdown that shows exactly it, on one line."""
    if isinstance(value, Markdown):
        return value
    return _MARKDOWN.sub(r"\\\1", on_one_line(str(value)))


def code(text: str) -> Markdown:
    """Return a code span, fenced by more backticks than the text holds in a row.

    >>> code("a|b`c")
    '``a|b`c``'
    """
    line = on_one_line(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    edge = " " if line.startswith("`") or line.endswith("`") else ""
    return Markdown(f"{fence}{edge}{line}{edge}{fence}")


def code_cell(text: str) -> Markdown:
    """Return a code span for a cell of a table, where a bar would end the cell.

    >>> print(code_cell("a|b"))
    `a\\|b`
    """
    return Markdown(code(text).replace("|", "\\|"))


def prose(text: str) -> Markdown:
    """Return a sentence that may hold names, for a page that a forge shows: code, where it would act on one.

    >>> print(prose("closes #1|2"), prose("a|b"))
    `closes #1|2` a\\|b
    """
    return code(text) if _CALLS.search(text) else Markdown(escape_markdown(text))


def prose_cell(text: str) -> Markdown:
    """Return the same for a cell of a table."""
    return code_cell(text) if _CALLS.search(text) else Markdown(escape_markdown(text))


def code_block(text: str, language: str = "sql") -> Markdown:
    """Return a fenced block of code."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return Markdown(f"{fence}{language}\n{visible(text)}\n{fence}")
