"""The text of a statement: without its values, and as the server sees it."""

from __future__ import annotations

import re
from hashlib import blake2b

# Longer texts are told apart by their beginning; a text() with a thousand literals must not cost milliseconds.
MAX_NORMALIZED = 4_000

_LITERAL = re.compile(r"'(?:[^']|'')*'|(?<![\w$%.])-?\d+(?:\.\d+)?\b")
_LIST = re.compile(r"\(\s*\?(?:\s*,\s*\?)+\s*\)")
_NAMED = re.compile(r"%\((\w+)\)s|%%")


def normalize(text: str) -> str:
    """Replace quoted strings, numbers and lists of them by `?`.

    >>> normalize("SELECT * FROM t1 WHERE a = 'it''s' AND b IN (1, 2.5) AND c = $1")
    'SELECT * FROM t1 WHERE a = ? AND b IN (?) AND c = $1'
    """
    return _LIST.sub("(?)", _LITERAL.sub("?", text[:MAX_NORMALIZED]))


def fingerprint(normalized: str) -> str:
    """Return 16 hexadecimal digits, the same in every process."""
    return blake2b(normalized.encode(), digest_size=8).hexdigest()


def as_server_sees(text: str) -> str:
    """Write psycopg's named placeholders as PostgreSQL's numbered ones.

    >>> as_server_sees("SELECT %(a)s::int %% %(b)s, %(a)s")
    'SELECT $1::int % $2, $1'
    """
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        name = match[1]
        return "%" if name is None else f"${numbers.setdefault(name, len(numbers) + 1)}"

    return _NAMED.sub(number, text)
