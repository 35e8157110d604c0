"""A script to its statements, each with the node that PostgreSQL's parser makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import msgspec
from pglast.parser import ParseError, parse_sql_json, scan

from pgwright.errors import UnparsableStatement
from pgwright.sqltext.text import is_too_deep


@dataclass(frozen=True)
class ScriptStatement:
    """One statement of a script."""

    start: int
    """Its first character in the script, from 0; comments before it belong to it."""
    text: str
    kind: str
    """The name of its node in the parse tree: `CreateStmt`, `IndexStmt`."""
    node: Mapping[str, Any]
    """The node's fields, as libpg_query writes them in JSON; those with a default value are missing."""


def read_script(text: str) -> tuple[ScriptStatement, ...]:
    """Return the statements of a script. Raises UnparsableStatement: the parser does not accept all of it."""
    if "\0" in text:  # where C ends a text, and so the parser
        raise UnparsableStatement(text, "it holds a zero byte")
    if is_too_deep(text):
        raise UnparsableStatement(text, "it is nested too deeply to be read")
    try:
        # As JSON in a tenth of the time that the classes of pglast take.
        tree = msgspec.json.decode(parse_sql_json(text))
    except (ParseError, UnicodeError, RecursionError, msgspec.DecodeError) as error:
        raise UnparsableStatement(text, str(error.args[0])) from error
    return tuple(_statements(text, tree.get("stmts", ())))


def split_script(text: str) -> tuple[str, ...]:
    """Return the parts of a script that cannot be parsed, cut at each semicolon that is in no parentheses."""
    try:
        tokens = scan(text)
    except (ParseError, UnicodeError):
        return (text,)
    depth, ends = 0, [0]
    for token in tokens:
        depth += {"ASCII_40": 1, "ASCII_41": -1}.get(token.name, 0)
        if token.name == "ASCII_59" and depth <= 0:
            ends.append(token.end + 1)
    parts = (text[start:end].strip() for start, end in pairwise([*ends, len(text)]))
    return tuple(part for part in parts if part)


def _statements(text: str, found: list[dict[str, Any]]) -> Iterator[ScriptStatement]:
    raw = text.encode()
    place, characters = 0, 0
    for one in found:
        start = one.get("stmt_location", 0)
        length = one.get("stmt_len", 0)
        part = raw[start : start + length] if length else raw[start:]
        characters += len(raw[place:start].decode())
        place = start
        ((kind, node),) = one["stmt"].items()
        yield ScriptStatement(characters, part.decode().strip(), kind, node)
