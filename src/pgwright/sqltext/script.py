"""A script to its statements, each with the node that PostgreSQL's parser makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import msgspec
from pglast.parser import ParseError, parse_sql_json, scan

from pgwright.errors import UnparsableStatement
from pgwright.sqltext.text import is_too_deep

# Of statements that are nested too deeply for their tree to be read in Python, those that definitions may well be.
_DEEP = {
    ("CREATE", "TABLE"): "CreateStmt", ("CREATE", "INDEX"): "IndexStmt", ("CREATE", "UNIQUE", "INDEX"): "IndexStmt",
    ("CREATE", "VIEW"): "ViewStmt", ("ALTER", "TABLE"): "AlterTableStmt",
}  # fmt: skip


@dataclass(frozen=True)
class ScriptStatement:
    """One statement of a script."""

    start: int
    """Its first character in the script, from 0; comments before it may belong to it."""
    text: str
    kind: str
    """The name of its node in the parse tree: `CreateStmt`, `IndexStmt`."""
    tree: bytes
    """The node as libpg_query writes it in JSON."""

    @cached_property
    def node(self) -> Mapping[str, Any]:
        """The fields of the node; those with a default value are missing, and all where it is nested too deeply."""
        try:
            found: Mapping[str, Any] = msgspec.json.decode(self.tree)
        except RecursionError:
            return {}
        return found


class _Parsed(msgspec.Struct):
    stmt: dict[str, msgspec.Raw]
    stmt_location: int = 0
    stmt_len: int = 0


class _Tree(msgspec.Struct):
    stmts: list[_Parsed] = []


def read_script(text: str) -> tuple[ScriptStatement, ...]:
    """Return the statements of a script. Raises UnparsableStatement: the parser does not accept all of it."""
    if "\0" in text:  # where C ends a text, and so the parser
        raise UnparsableStatement(text, "it holds a zero byte")
    if is_too_deep(text):
        raise UnparsableStatement(text, "it is nested too deeply to be read")
    try:
        # As JSON in a hundredth of the time that the classes of pglast take.
        tree = msgspec.json.decode(parse_sql_json(text), type=_Tree)
    except (ParseError, UnicodeError) as error:
        raise UnparsableStatement(text, str(error.args[0])) from error
    except (RecursionError, msgspec.DecodeError) as error:
        if (deep := _deep(text)) is not None:
            return (deep,)
        raise UnparsableStatement(text, "it is nested too deeply to be read") from error
    return tuple(_statements(text, tree.stmts))


def _deep(text: str) -> ScriptStatement | None:
    """Return a statement that stands alone, by its first words."""
    if len(split_script(text)) != 1:
        return None
    words = [token.name for token in scan(text) if not token.name.endswith("_COMMENT")]
    kind = _DEEP.get(tuple(words[:2])) or _DEEP.get(tuple(words[:3]))
    return ScriptStatement(0, text.rstrip().rstrip(";"), kind, b"{}") if kind else None


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


def _statements(text: str, found: list[_Parsed]) -> Iterator[ScriptStatement]:
    raw = text.encode()
    place, characters = 0, 0
    for one in found:
        start = one.stmt_location
        part = raw[start : start + one.stmt_len] if one.stmt_len else raw[start:]
        characters += len(raw[place:start].decode())
        place = start
        ((kind, tree),) = one.stmt.items()
        yield ScriptStatement(characters, part.decode().strip(), kind, bytes(tree))
