"""Values of types that are not compared as a whole, built from what the statistics hold of their elements."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import Column

_RANGE_TYPES = re.compile(r"(?:int4|int8|num|ts|tstz|date)(?:multi)?range")
_RANGE = re.compile(r'"([^"]+)"')
_DIMENSIONS = re.compile(r"\((\d+)\)")
_SOME_WORD = "a"


def array(values: Sequence[str]) -> str:
    r"""Return an array in text form.

    >>> array(["a", 'b"c'])
    '{"a","b\\"c"}'
    """
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + ",".join(quoted) + "}"


def literal(column: Column, symbol: str, known: ColumnStatistics | None) -> str | None:
    """Return a value that an operator takes beside a column that holds documents, arrays, ranges or vectors.

    Args:
        symbol: the operator with the column on the left: `@>`, `?`, `<=>`, …
    Returns: None for a type whose values are compared as a whole.
    """
    kind = column.base_type
    if kind in ("vector", "halfvec", "sparsevec", "bit"):
        return _point(kind, column.type)
    if kind == "tsvector":
        return "'" + _element(known).replace("\\", "\\\\").replace("'", "''") + "'"
    if kind.startswith("_"):
        return _element(known) if symbol in ("=", "<>") else array([_element(known)])
    if kind == "jsonb":
        return _document(symbol, known)
    if _RANGE_TYPES.fullmatch(kind):
        return _range(known)
    return None


def _element(known: ColumnStatistics | None) -> str:
    """Return the element in the middle: neither the most common one nor the rarest."""
    elements = (known.common_elements if known else None) or ()
    return elements[len(elements) // 2] if elements else _SOME_WORD


def _point(kind: str, type_name: str) -> str:
    found = _DIMENSIONS.search(type_name)
    size = int(found[1]) if found else 1
    if kind == "bit":
        return "1" + "0" * (size - 1)
    if kind == "sparsevec":
        return f"{{1:1}}/{size}"
    return "[" + ",".join(["1"] + ["0"] * (size - 1)) + "]"


def _document(symbol: str, known: ColumnStatistics | None) -> str:
    """Return part of a document that exists, its key, or the path to that."""
    key: str | None = None
    part: object = {}
    for text in known.sample if known else ():
        try:
            document = json.loads(text)
        except ValueError:
            continue
        if isinstance(document, dict) and document:
            key = min(document, key=lambda name: isinstance(document[name], dict | list))
            part = {key: document[key]}
            break
    if symbol in ("?", "?|", "?&"):
        name = key or _SOME_WORD
        return name if symbol == "?" else array([name])
    if symbol in ("@?", "@@"):
        path = f"$.{json.dumps(key or _SOME_WORD)}"
        return path if symbol == "@?" else f"exists({path})"
    return json.dumps(part)


def _range(known: ColumnStatistics | None) -> str | None:
    ranges = _RANGE.findall(known.range_bounds_histogram or "") if known else []
    return ranges[len(ranges) // 2] if ranges else "empty"
