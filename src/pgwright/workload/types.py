"""Types for the parameters of a statement that PostgreSQL refuses without: those of VALUES, unnest, generate_series.

A driver told their types when the statement ran; its text says `$1`, and that is text where nothing else tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from pgwright.sqltext import parse, repaired
from pgwright.sqltext.nodes import ast, everything

_TYPE = r'([a-z_"][\w" ]*(?:\(\d+(?:,\d+)?\))?(?:\[\])?)'
_REFUSALS = (
    re.compile(rf"operator does not exist: {_TYPE} \S+ {_TYPE}$"),
    re.compile(rf"types {_TYPE} and {_TYPE} cannot be matched"),
    re.compile(rf"is of type {_TYPE} but expression is of type {_TYPE}"),
    re.compile(rf"must be type {_TYPE}, not type {_TYPE}"),
    re.compile(rf"cannot cast type {_TYPE} to {_TYPE}"),
)
# What a function of FROM takes, the likeliest first; what it is compared with tells otherwise.
_ELEMENTS = ("integer", "bigint", "text", "uuid", "date")
_SERIES = ("integer", "bigint", "timestamp with time zone")
_ANYTHING = ("text", "integer", "jsonb", "boolean", "timestamp with time zone", "uuid", "interval")
_UNKNOWN = ("text", "unknown", "text[]", "anyarray")
_MOST_TRIES = 40
_MOST_TOGETHER = 3
_PARAMETER = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(\d+)\b(?!\s*::)")


class Typing:
    """Tries types for parameters, one group at a time, by what PostgreSQL says against the statement so far."""

    def __init__(self, text: str) -> None:
        """Raises UnparsableStatement."""
        self._text = repaired(text)
        self._groups = list(dict.fromkeys(_groups(self._text)))
        self._types: dict[tuple[int, ...], str] = {}
        self._tried: set[tuple[tuple[int, ...], str]] = set()
        self._last: tuple[str, tuple[int, ...], str | None] | None = None
        self._together: Iterator[tuple[tuple[tuple[int, ...], str], ...]] | None = None

    def next(self, refusal: str) -> str | None:
        """Return the statement with other types; None when there are none left to try."""
        if self._together is not None:
            return self._all_at_once()
        if self._last is not None and self._last[0] == refusal:  # it did not help
            _, group, before = self._last
            self._types.pop(group, None)
            if before is not None:
                self._types[group] = before
        named = tuple(_wanted(refusal))
        for kind, group in self._groups:
            for name in named or _likeliest(kind):
                whole = _whole(kind, name)
                if (group, whole) in self._tried or len(self._tried) >= _MOST_TRIES:
                    continue
                self._tried.add((group, whole))
                self._last = (refusal, group, self._types.get(group))
                self._types[group] = whole
                return self._typed()
        groups = [(kind, group) for kind, group in self._groups if kind != "single"][:_MOST_TOGETHER]
        self._together = product(*([(group, _whole(kind, one)) for one in _likeliest(kind)] for kind, group in groups))
        return self._all_at_once() if len(groups) > 1 else None

    def _all_at_once(self) -> str | None:
        """Return the statement with the next types of all groups, where no single one satisfies PostgreSQL."""
        types = next(self._together, None) if self._together is not None else None
        if types is None:
            return None
        self._types = dict(types)
        return self._typed()

    def _typed(self) -> str:
        by_number = {number: name for group, name in self._types.items() for number in group}

        def cast(found: re.Match[str]) -> str:
            name = by_number.get(int(found[1])) if found[1] else None
            return f"{found[0]}::{name}" if name else found[0]

        return _PARAMETER.sub(cast, self._text)


def _whole(kind: str, name: str) -> str:
    return f"{name}[]" if kind == "array" and not name.endswith("[]") else name


def _wanted(refusal: str) -> Iterator[str]:
    """Yield the types that a refusal names, as the other side of a comparison has them."""
    for pattern in _REFUSALS:
        if (found := pattern.search(refusal)) is not None:
            yield from (name.strip() for name in found.groups() if name.strip() not in _UNKNOWN)


def _likeliest(kind: str) -> tuple[str, ...]:
    return {"array": _ELEMENTS, "series": _SERIES}.get(kind, _ANYTHING)


def _groups(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the parameters that have one type together: a column of VALUES, the ends of a series; then each alone."""
    tree = parse(text)
    nodes = list(everything((tree,)))
    for node in nodes:
        if isinstance(node, ast.SelectStmt) and node.valuesLists:
            for column in zip(*node.valuesLists, strict=False):
                numbers = _numbers(column)
                if numbers:
                    yield "value", numbers
    for node in nodes:
        if isinstance(node, ast.FuncCall):
            name = str(node.funcname[-1].sval)
            if name == "unnest":
                yield from (("array", (number,)) for one in node.args or () if (number := _number(one)))
            elif name == "generate_series" and (numbers := _numbers((node.args or ())[:2])):
                yield "series", numbers
    yield from (("single", (node.number,)) for node in nodes if isinstance(node, ast.ParamRef) and node.number)


def _numbers(nodes: object) -> tuple[int, ...]:
    return tuple(number for one in nodes if (number := _number(one)))  # type: ignore[attr-defined]


def _number(node: object) -> int:
    return int(node.number or 0) if isinstance(node, ast.ParamRef) else 0
