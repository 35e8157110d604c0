"""Which rows of a table a statement writes, by its text, as `reading` says which tables.

Only what is beyond doubt counts: an INSERT with VALUES that give the key, an UPDATE or DELETE WHERE the key is one of
some values, and all that return the keys of what they wrote. An UPDATE that may change a key is none of them.
Source: PostgreSQL manual, the pages of these commands, and Operator Precedence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias

from pgwright_runtime.caching.keys import KeyColumn, Keys
from pgwright_runtime.caching.reading import folded, is_name, tokens_of

MOST_KEYS = 100
"""A transaction that writes more rows of a table counts as one that may have written any."""
# No statement with so few keys is longer; to read a text costs about a ms for 10,000 signs.
_LONGEST_TEXT = 30_000

Part: TypeAlias = "str | list[Part]"
"""A token, or what stands in brackets."""

_TYPES = [[name] for name in ("SMALLINT", "INTEGER", "BIGINT", "INT", "INT2", "INT4", "INT8", "UUID")]
# Beside these, a condition between two ANDs is not one that must hold.
_NOT_ALL_HOLD = frozenset(("OR", "BETWEEN", "CASE"))
_CLOSING = {"(": ")", "[": "]"}


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where a statement has the keys of all rows that it writes."""

    given: tuple[str, ...] | None
    """Placeholders and numbers in its text; None: see `returned`."""
    returned: int | None
    """The place in each row that it returns."""

    def keys_given(self, column: KeyColumn, parameters: Sequence[object]) -> Keys:
        """Return the keys, of a statement that is executed with each of some sets of parameters."""
        if self.given is None or len(self.given) * len(parameters) > MOST_KEYS:
            return None
        return _all_known(column.text_of(_value(each, own)) for own in parameters for each in self.given)

    def keys_returned(self, column: KeyColumn, rows: Sequence[Sequence[object]]) -> Keys:
        if self.returned is None or len(rows) > MOST_KEYS:
            return None
        return _all_known(column.text_of(row[self.returned]) for row in rows)


def _all_known(texts: Iterable[str | None]) -> Keys:
    known: set[str] = set()
    for text in texts:
        if text is None:
            return None
        known.add(text)
    return frozenset(known)


def _value(token: str, parameters: object) -> object:
    """Return what a placeholder or number stands for; None: it cannot be told."""
    if token.startswith("%"):
        return parameters.get(token[2:-2]) if isinstance(parameters, Mapping) else None
    if token.startswith("$"):
        place = int(token[1:]) - 1
        return parameters[place] if isinstance(parameters, list | tuple) and place < len(parameters) else None
    return int(token)


@lru_cache(maxsize=512)
def read_keys(text: str, table: str, column: str) -> KeySource | None:
    """Return where the keys are of all rows of a table that a statement writes; None: it may write any."""
    # A backslash may end a string or not, and servers fold letters beyond ASCII in several ways.
    if len(text) > _LONGEST_TEXT or "\\" in text or not column.isascii():
        return None
    tokens = list(tokens_of(text))
    if tokens and tokens[-1] == ";":
        tokens.pop()
    parts = nested(tokens)
    if parts is None or _does_more(tokens):
        return None
    body, returning = _cut(parts, "RETURNING")
    given, keeps_keys = _Statement(table, column).read(body)
    if not keeps_keys:
        return None
    returned = _place_of(returning, table, column)
    return None if given is None and returned is None else KeySource(given, returned)


def nested(tokens: Sequence[str]) -> list[Part] | None:
    """Return the tokens, those in brackets as lists; None: the brackets do not match."""
    around: list[tuple[list[Part], str]] = []
    own: list[Part] = []
    for token in tokens:
        if token in _CLOSING:
            around.append((own, _CLOSING[token]))
            own = []
        elif token in (")", "]"):
            if not around or around[-1][1] != token:
                return None
            inner, (own, _) = own, around.pop()
            own.append(inner)
        else:
            own.append(token)
    return None if around else own


def _does_more(tokens: Sequence[str]) -> bool:
    """Return whether there is another statement in it, or a name that we cannot read."""
    for before, token in pairwise(tokens):
        if token in (";", '""', "INSERT", "DELETE", "MERGE") or (token == "UPDATE" and before not in ("DO", "FOR")):
            return True
    return False


class _Statement:
    """Reads one statement on a table."""

    def __init__(self, table: str, column: str) -> None:
        self._table, self._column = table, column

    def read(self, body: list[Part]) -> tuple[tuple[str, ...] | None, bool]:
        """Return the keys that it gives, and whether those that it returns are what its rows had before, too."""
        match body:
            case ["INSERT", "INTO", *rest]:
                return self._insert(self._after_table(rest))
            case ["UPDATE", *rest]:
                return self._update(self._after_table(rest))
            case ["DELETE", "FROM", *rest]:
                return self._delete(self._after_table(rest))
        return None, False

    def _after_table(self, rest: list[Part]) -> list[Part]:
        if rest[:1] == ["ONLY"]:
            rest = rest[1:]
        name, rest = _name(rest)
        return rest if name[-1:] == [self._table] else []

    def _insert(self, rest: list[Part]) -> tuple[tuple[str, ...] | None, bool]:
        rest, conflict = _cut(rest, "ON")
        target, action = _cut(conflict, "DO")
        if conflict and not self._keeps_on_conflict(target, action):
            return None, False
        match rest:
            case [list() as columns, "VALUES", *rows]:
                # What is changed on a conflict has another key, unless it is the keys that conflict.
                is_own = not conflict or action == ["NOTHING"] or self._is_key(target[1:])
                return self._values(columns, rows) if is_own else None, True
            case [list(), "SELECT", *_] | ["DEFAULT", "VALUES"]:
                return None, True
        return None, False

    def _keeps_on_conflict(self, target: list[Part], action: list[Part]) -> bool:
        if target[:1] != ["CONFLICT"]:
            return False
        match action:
            case ["NOTHING"]:
                return True
            case ["UPDATE", "SET", *assigned]:
                return self._keeps(_cut(assigned, "WHERE")[0])
        return False

    def _is_key(self, columns: list[Part]) -> bool:
        match columns:
            case [[str() as only]]:
                return is_name(only) and folded(only) == self._column
        return False

    def _values(self, columns: list[Part], rows: list[Part]) -> tuple[str, ...] | None:
        names = [[folded(part) for part in each if isinstance(part, str)] for each in _split(columns, ",")]
        if names.count([self._column]) != 1:
            return None
        place = names.index([self._column])
        found: list[str] = []
        for row in _split(rows, ","):
            if len(row) != 1 or not isinstance(row[0], list):
                return None
            values = list(_split(row[0], ","))
            value = _constant(values[place]) if len(values) == len(names) else None
            if value is None:
                return None
            found.append(value)
        return tuple(found)

    def _update(self, rest: list[Part]) -> tuple[tuple[str, ...] | None, bool]:
        if rest[:1] != ["SET"]:
            return None, False
        assigned, conditions = _cut(rest[1:], "WHERE")
        assigned, others = _cut(assigned, "FROM")
        if assigned[-1:] == ["DISTINCT"] or not self._keeps(assigned):
            return None, False
        # In the FROM may stand another table by the name of this one.
        return (None, True) if others else (self._where(conditions), True)

    def _delete(self, rest: list[Part]) -> tuple[tuple[str, ...] | None, bool]:
        if rest[:1] == ["USING"]:
            return None, True
        return (self._where(rest[1:]), True) if rest[:1] == ["WHERE"] else (None, False)

    def _keeps(self, assigned: list[Part]) -> bool:
        """Return whether assignments leave the key as it was."""
        for each in _split(assigned, ","):
            match each:
                case [str() as name, "=", _, *_] if is_name(name) and folded(name) != self._column:
                    continue
            return False
        return True

    def _where(self, conditions: list[Part]) -> tuple[str, ...] | None:
        if not _NOT_ALL_HOLD.isdisjoint(part for part in conditions if isinstance(part, str)):
            return None
        for each in _split(conditions, "AND"):
            name, rest = _name(each)
            if not _is_column(name, self._table, self._column):
                continue
            match rest:
                case ["=", *value]:
                    found = [_constant(value)]
                case ["IN", [*values]]:
                    found = [_constant(value) for value in _split(values, ",")]
                case _:
                    continue
            known = tuple(value for value in found if value is not None)
            if len(known) == len(found):
                return known
        return None


def _place_of(returning: list[Part], table: str, column: str) -> int | None:
    for place, each in enumerate(_split(returning, ",")):
        if "*" in each or "WITH" in each:
            return None
        name, rest = _name(each)
        if _is_column(name, table, column) and (not rest or (rest[0] == "AS" and len(rest) == 2)):
            return place
    return None


def _constant(value: list[Part]) -> str | None:
    """Return a placeholder or a number, which may be cast to the type that it has."""
    token = value[0] if value else ""
    is_plain = len(value) == 1 or (value[1:3] == [":", ":"] and value[3:] in _TYPES)
    if not isinstance(token, str) or not is_plain:
        return None
    if token.isdecimal() and token.isascii():
        return token
    return token if len(token) > 1 and token[0] in "$%" else None


def _is_column(name: list[str], table: str, column: str) -> bool:
    return name[-1:] == [column] and (len(name) == 1 or name[-2] == table)


def _name(parts: list[Part]) -> tuple[list[str], list[Part]]:
    """Return the parts of the qualified name that begins there, and what stands after it."""
    found: list[str] = []
    place = 0
    while place < len(parts):
        token = parts[place]
        if not isinstance(token, str) or not is_name(token):
            return [], parts
        found.append(folded(token))
        if parts[place + 1 : place + 2] != ["."]:
            return found, parts[place + 1 :]
        place += 2
    return [], parts


def _cut(parts: list[Part], word: str) -> tuple[list[Part], list[Part]]:
    """Return what stands before a word, and after it."""
    if word not in parts:
        return parts, []
    place = parts.index(word)
    return parts[:place], parts[place + 1 :]


def _split(parts: list[Part], separator: str) -> Iterator[list[Part]]:
    own: list[Part] = []
    for part in parts:
        if part == separator:
            yield own
            own = []
        else:
            own.append(part)
    yield own
