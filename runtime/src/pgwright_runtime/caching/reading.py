"""What a statement writes and calls, by its text: one way for SQLAlchemy's, for raw SQL and for bodies of functions.

The text is what the server gets, whatever made it, so one reading serves all. What it cannot follow, it says.
Source: PostgreSQL manual, Lexical Structure, and the pages of the commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

_TOKENS = re.compile(
    r"""
    (?P<gap>\s+|--[^\n]*)
  | (?P<comment>/\*)
  | (?P<placeholder>\$\d+|%\(\w+\)s(?!\w))
  | (?P<dollar>\$(?:[A-Za-z_\x80-\U0010ffff][\w]*)?\$)
  | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*')
  | (?P<string>(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*')
  | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*")
  | (?P<word>[A-Za-z_\x80-\U0010ffff][\w$]*)
  | (?P<number>\d[\w.]*)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")

# A statement that begins otherwise may do anything.
_FOLLOWED = frozenset(
    (
        *("ABORT", "ANALYZE", "BEGIN", "CHECKPOINT", "CLOSE", "COMMIT", "COPY", "DEALLOCATE", "DECLARE", "DELETE"),
        *("DISCARD", "END", "EXPLAIN", "FETCH", "INSERT", "LISTEN", "LOCK", "MERGE", "MOVE", "NOTIFY", "REFRESH"),
        *("RELEASE", "RESET", "ROLLBACK", "SAVEPOINT", "SELECT", "SET", "SHOW", "START", "TABLE", "TRUNCATE"),
        *("UNLISTEN", "UPDATE", "VACUUM", "VALUES", "WITH"),
    )
)
_ENDS_TRANSACTION = frozenset(("COMMIT", "END", "PREPARE"))
_CHANGES_SCHEMA = frozenset(("CREATE", "ALTER", "DROP", "DO"))
# UPDATE after these is no statement: FOR UPDATE, FOR NO KEY UPDATE, DO UPDATE, THEN UPDATE.
_BEFORE_NAME = frozenset((("INSERT", "INTO"), ("MERGE", "INTO"), ("DELETE", "FROM"), ("MATERIALIZED", "VIEW")))
_NO_UPDATE_AFTER = frozenset(("FOR", "KEY", "DO", "THEN"))
# In the body of a function: what is put together at run time, or changes the schema, cannot be followed.
_UNFOLLOWED_IN_BODY = frozenset(("EXECUTE", "CREATE", "ALTER", "DROP"))


@dataclass(frozen=True)
class Writes:
    """What a text writes, as far as it says."""

    tables: frozenset[str] = frozenset()
    """Names of tables and views without their schema, as the server folds them."""
    calls: frozenset[str] = frozenset()
    """Names that are followed by `(`: of functions, but also of tables and types."""
    is_unknown: bool = False
    """Whether it may write to any table."""
    ends_transaction: bool = False
    """Whether it commits by itself."""
    changes_schema: bool = False


# An app has some hundreds of statements, and sends them again and again.
@lru_cache(maxsize=4_096)
def read_statement(text: str) -> Writes:
    """Return what statements do that are sent as one text."""
    tokens = list(tokens_of(text))
    starts = {0, *(place + 1 for place, token in enumerate(tokens) if token == ";")}
    firsts = [_first(tokens[start:]) for start in sorted(starts)]
    known = all(first is None or first in _FOLLOWED for first in firsts)
    return _writes(
        tokens,
        is_unknown=not known,
        ends_transaction=not _ENDS_TRANSACTION.isdisjoint(firsts),
        changes_schema=not _CHANGES_SCHEMA.isdisjoint(firsts),
    )


def read_body(text: str) -> Writes:
    """Return what the body of a function in SQL or PL/pgSQL does."""
    tokens = list(tokens_of(text))
    unknown = any(token in _UNFOLLOWED_IN_BODY for token in tokens)
    return _writes(tokens, is_unknown=unknown)


def columns_of_row(text: str) -> frozenset[str] | None:
    """Return the columns of NEW and OLD that a trigger function names; None: it may give a row any other values."""
    tokens = list(tokens_of(text))
    columns: set[str] = set()
    for place, token in enumerate(tokens):
        before, after = tokens[place - 1] if place else "", tokens[place + 1 : place + 3]
        is_returned = before == "RETURN" and after[:1] == [";"]
        if token == '""' or (before == "RETURN" and not (is_returned and token in ("NEW", "OLD", "NULL"))):
            return None
        if not is_name(token) or folded(token) not in ("new", "old") or is_returned:
            continue
        if len(after) < 2 or after[0] != "." or not is_name(after[1]):
            return None
        columns.add(folded(after[1]))
    return frozenset(columns)


def _writes(
    tokens: Sequence[str], *, is_unknown: bool, ends_transaction: bool = False, changes_schema: bool = False
) -> Writes:
    tables = frozenset(_written(tokens))
    is_unknown = is_unknown or "" in tables
    return Writes(tables - {""}, frozenset(_called(tokens)), is_unknown, ends_transaction, changes_schema)


def folded(name: str) -> str:
    """Return an identifier as the server knows it.

    >>> folded('Message'), folded('"Message"')
    ('message', 'Message')
    """
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def tokens_of(text: str) -> Iterator[str]:
    """Yield key words in capital letters, quoted names in their quotes, other signs; of a string, only `'`."""
    place, end = 0, len(text)
    while place < end:
        match = _TOKENS.match(text, place)
        assert match is not None  # the last kind takes any sign
        place = match.end()
        kind = match.lastgroup
        if kind == "comment":
            place = _after_comment(text, place)
        elif kind == "dollar":
            found = text.find(match[0], place)
            place = end if found < 0 else found + len(match[0])
            yield "'"
        elif kind in ("string", "escaped"):
            yield "'"
        elif kind == "word":
            yield match[0].upper() if match[0].isascii() else f'"{match[0].lower()}"'
        elif kind == "quoted":
            # U&"…" may spell any name; where one is written to, it is none that we could tell.
            yield match[0] if match[0].startswith('"') else '""'
        elif kind != "gap":
            yield match[0]


def _after_comment(text: str, place: int) -> int:
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(text, place)
        if edge is None:
            return len(text)
        depth += 1 if edge[0] == "/*" else -1
        place = edge.end()
    return place


def _first(tokens: Sequence[str]) -> str | None:
    return next((token for token in tokens if token not in ("(", ";")), None) if tokens else None


def _written(tokens: Sequence[str]) -> Iterator[str]:
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else ""
        if (before, token) in _BEFORE_NAME or token == "COPY" or (token == "UPDATE" and before not in _NO_UPDATE_AFTER):
            yield from _name(tokens, place + 1)
        elif token == "TRUNCATE":
            yield from _names(tokens, place + 1)


def _names(tokens: Sequence[str], place: int) -> Iterator[str]:
    while True:
        place = _skip(tokens, place)
        yield from _name(tokens, place)
        place = _after_name(tokens, place)
        if place < len(tokens) and tokens[place] == "*":
            place += 1
        if place >= len(tokens) or tokens[place] != ",":
            return
        place += 1


def _skip(tokens: Sequence[str], place: int) -> int:
    while place < len(tokens) and tokens[place] in ("ONLY", "TABLE", "CONCURRENTLY", "("):
        place += 1
    return place


def _name(tokens: Sequence[str], place: int) -> Iterator[str]:
    """Yield the last part of the qualified name that begins there."""
    place = _skip(tokens, place)
    last = _after_name(tokens, place) - 1
    if place <= last and is_name(tokens[last]):
        yield folded(tokens[last])


def _after_name(tokens: Sequence[str], place: int) -> int:
    place += 1
    while place + 1 < len(tokens) and tokens[place] == ".":
        place += 2
    return place


def _called(tokens: Sequence[str]) -> Iterator[str]:
    for token, following in pairwise(tokens):
        if following == "(" and is_name(token):
            yield folded(token)


def is_name(token: str) -> bool:
    """Return whether a token is a name or a key word."""
    return token[0] == '"' or token[0] == "_" or token[0].isalpha()
