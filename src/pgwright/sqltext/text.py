"""Statements as text: what can be told, or mended, without parsing."""

from __future__ import annotations

import re

# Comments and parentheses may lead.
_PLANNED = re.compile(
    r"(?:\s|\(|/\*.*?\*/|--[^\n]*\n)*(?:select|with|insert|update|delete|merge|values|table)\b",
    re.IGNORECASE | re.DOTALL,
)
_TYPED_CONSTANT = re.compile(r"\b(interval|timestamptz|timestamp|date|time|timetz) (\$\d+)\b", re.IGNORECASE)
_EXTRACT = re.compile(r"\bextract\s*\(\s*(\$\d+)\s+from\b", re.IGNORECASE)
_SELECT = re.compile(r"SELECT (?:DISTINCT )?", re.IGNORECASE)
_TOKEN = re.compile(r"""[()]|'(?:[^']|'')*'|"(?:[^"]|"")*"| FROM """, re.IGNORECASE)


def has_plan(text: str) -> bool:
    """Tell by its first word whether a statement is planned at all; SAVEPOINT, SET, COPY or DDL are not.

    >>> has_plan("/* app */ select 1"), has_plan("RELEASE $1")
    (True, False)
    """
    return _PLANNED.match(text) is not None


def repaired(text: str) -> str:
    """Return a normalised statement as the grammar accepts it again.

    `pg_stat_statements` writes `interval '1 day'` as `interval $1`, which no parser takes; a cast says the same.
    Likewise `extract(year FROM t)`, which becomes `extract($1 FROM t)`: a call of the function behind it says the same.

    >>> repaired("SELECT now() - interval $1 WHERE d > DATE $2")
    'SELECT now() - $1::interval WHERE d > $2::date'
    >>> repaired("SELECT extract($1 FROM at)")
    'SELECT pg_catalog."extract"($1, at)'
    """
    text = _EXTRACT.sub(lambda found: f'pg_catalog."extract"({found[1]},', text)
    return _TYPED_CONSTANT.sub(lambda found: f"{found[2]}::{found[1].lower()}", text)


def gist(statement: str, limit: int) -> str:
    """Return a statement on one line, cut to so many characters; of a long one the list of columns goes first.

    >>> gist("SELECT m.id, m.body, m.created_at FROM messages AS m WHERE m.id = $1", 50)
    'SELECT … FROM messages AS m WHERE m.id = $1'
    """
    line = " ".join(statement.split())
    if len(line) > limit and (found := _SELECT.match(line)):
        depth = 0
        for token in _TOKEN.finditer(line, found.end()):
            depth += {"(": 1, ")": -1}.get(token[0], 0)
            if depth == 0 and token[0].upper() == " FROM ":
                line = f"{found[0]}…{line[token.start() :]}"
                break
    return line if len(line) <= limit else line[: limit - 1] + "…"
