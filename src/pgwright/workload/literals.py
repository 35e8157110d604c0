"""Values of types that are not compared as a whole, built from what the statistics hold of their elements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import Column

_RANGE_TYPES = re.compile(r"(?:int4|int8|num|ts|tstz|date)(?:multi)?range")
_RANGE = re.compile(r'"([^"]+)"')
_DIMENSIONS = re.compile(r"\((\d+)\)")
_SOME_WORD = "a"
# Of one value: more of them say nothing else.
_MOST_PARTS = 3
# Without statistics: some element that the type takes.
_SOME_OF = {
    "_int2": "1", "_int4": "1", "_int8": "1", "_numeric": "1", "_float4": "1", "_float8": "1", "_bool": "true",
    "_uuid": "00000000-0000-0000-0000-000000000000", "_date": "2000-01-01", "_timestamptz": "2000-01-01",
}  # fmt: skip
_ARRAY_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)')
_HSTORE_PAIR = re.compile(r'"((?:[^"\\]|\\.)+)"=>"((?:[^"\\]|\\.)*)"')
_WITH_PARTS = {"vector", "halfvec", "sparsevec", "bit", "tsvector", "jsonb", "hstore", "inet", "cidr"}
_NETWORK = {"<<", "<<=", ">>", ">>=", "&&"}
# Values that every other one contains, or that apps do not ask for.
EMPTY = {"", "{}", "[]", "null", '""', "empty"}


def array(values: Sequence[str]) -> str:
    r"""Return an array in text form.

    >>> array(["a", 'b"c'])
    '{"a","b\\"c"}'
    """
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + ",".join(quoted) + "}"


def has_parts(base_type: str) -> bool:
    """Tell whether values of a type are searched for parts of them: documents, arrays, ranges, networks, vectors."""
    return base_type in _WITH_PARTS or base_type.startswith("_") or _RANGE_TYPES.fullmatch(base_type) is not None


def literal(column: Column, symbol: str, known: ColumnStatistics | None, *, is_element: bool = False) -> str | None:
    """Return a value that an operator takes beside a column of a type that has parts.

    It selects: an empty document, array or range is contained in every one, and no index finds all.

    Args:
        symbol: the operator with the column on the left: `@>`, `?`, `<=>`, …
        is_element: one element is compared, not a whole: `$1 = ANY (tags)`, `during @> $1::int`.
    Returns: None where nothing is known.
    """
    kind = column.base_type
    if kind in ("vector", "halfvec", "sparsevec", "bit"):
        return _point(kind, column.type)
    if kind == "tsvector":
        return "'" + (_element(known) or _SOME_WORD).replace("\\", "\\\\").replace("'", "''") + "'"
    if kind.startswith("_"):
        return _of_array(kind, symbol, known, is_element=is_element)
    if kind == "jsonb":
        return _document(symbol, known)
    if kind == "hstore":
        return _pair(symbol, known)
    return _network(symbol, known) if kind in ("inet", "cidr") else _of_range(known, is_element=is_element)


def _element(known: ColumnStatistics | None) -> str | None:
    """Return the element in the middle: neither the most common one nor the rarest; empty ones do not count."""
    elements = [one for one in ((known.common_elements if known else None) or ()) if one.strip()]
    if not elements and known is not None:
        elements = [one for text in known.sample for one in _elements(text)]
    return elements[len(elements) // 2] if elements else None


def _elements(text: str) -> list[str]:
    """Return the elements of an array of one dimension in text form, those that are empty or NULL left out."""
    found = (quoted or plain for quoted, plain in _ARRAY_ELEMENT.findall(text.strip("{}")))
    return [re.sub(r"\\(.)", r"\1", one) for one in found if one.strip() and one != "NULL"]


def _of_array(kind: str, symbol: str, known: ColumnStatistics | None, *, is_element: bool) -> str | None:
    element = _element(known) or _SOME_OF.get(kind, _SOME_WORD)
    whole = next((text for text in (known.sample if known else ()) if text not in EMPTY), None)
    if is_element:
        return element
    return whole if whole is not None and symbol in ("=", "<>", "<@") else array([element])


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
    documents = [one for text in (known.sample if known else ()) if (one := _read(text)) not in (None, {}, [], "")]
    found = documents[len(documents) // 2] if documents else {_SOME_WORD: _SOME_WORD}
    if symbol == "<@":
        return json.dumps(found)
    path, name, value = _step(found, documents)
    if symbol in ("?", "?|", "?&"):
        return name if symbol == "?" else array([name])
    if symbol == "@?":
        return f"{path} ? (@ == {json.dumps(value)})"
    if symbol == "@@":
        return f"{path} == {json.dumps(value)}"
    common = [_read(text) for text in (known.common_values if known else None) or ()]
    if isinstance(found, dict):
        held, rare = found.get(name), {json.dumps(one.get(name)) for one in common if isinstance(one, dict)}
        return json.dumps({name: held if json.dumps(held) in rare else _unlike(held)})
    if isinstance(found, list):
        return json.dumps([value if any(value in one for one in common if isinstance(one, list)) else _unlike(value)])
    return json.dumps(found)


def _unlike(value: object) -> object:
    """Return a value that hardly any document holds, in the place of one that hardly any does.

    The planner counts how many of the statistics' documents contain what is asked for (`matchingsel`). Of the hundred
    in a histogram, the one that the value was taken from would stand for a hundredth of the rows.
    """
    if isinstance(value, str):
        return f"{value}~"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value * 7_919 + 1 if is_number and isinstance(value, int | float) else value


def parts(base_type: str, values: Sequence[str]) -> Iterator[str]:
    """Yield what some values of a type contain: an element of an array, a key of a document with its value."""
    for text in values:
        if base_type.startswith("_"):
            yield from (array([element]) for element in _elements(text)[:_MOST_PARTS])
        elif isinstance(document := _read(text), dict):
            yield from (json.dumps({key: document[key]}) for key in list(document)[:_MOST_PARTS])
        elif isinstance(document, list):
            yield from (json.dumps([element]) for element in document[:_MOST_PARTS])


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _step(found: object, documents: Sequence[object]) -> tuple[str, str, object]:
    """Return a path to a value in a document, the key or the text there, and the value.

    Of an object that is the key with the most different values in the sample: it finds the fewest documents.
    """
    if isinstance(found, dict):

        def spread(key: str) -> tuple[bool, int]:
            values = {json.dumps(one[key]) for one in documents if isinstance(one, dict) and key in one}
            return not isinstance(found[key], dict | list), len(values)

        key = max(found, key=spread)
        value = found[key]
        return f"$.{json.dumps(key)}", key, value if not isinstance(value, dict | list) else None
    if isinstance(found, list):
        value = next((one for one in found if not isinstance(one, dict | list)), found[0])
        return "$[*]", value if isinstance(value, str) else _SOME_WORD, value
    return "$", found if isinstance(found, str) else _SOME_WORD, found


def _pair(symbol: str, known: ColumnStatistics | None) -> str:
    pairs = [pair for text in (known.sample if known else ()) for pair in _HSTORE_PAIR.findall(text)]
    key, value = pairs[len(pairs) // 2] if pairs else (_SOME_WORD, _SOME_WORD)
    if symbol in ("?", "?|", "?&"):
        return key if symbol == "?" else array([key])
    return f'"{key}"=>"{value}"'


def _network(symbol: str, known: ColumnStatistics | None) -> str | None:
    """Return an address, or its network where that is compared, for in an address alone there is no other one."""
    addresses = known.sample if known else ()
    if not addresses:
        return None
    address = addresses[len(addresses) // 2]
    return address if "/" in address or symbol not in _NETWORK else f"{address}/{64 if ':' in address else 24}"


def _of_range(known: ColumnStatistics | None, *, is_element: bool) -> str | None:
    """Return a range of the middle, or where it begins."""
    ranges = _RANGE.findall(known.range_bounds_histogram or "") if known else []
    ranges = [one for one in ranges if one != "empty"]
    if not ranges:
        return None
    middle = ranges[len(ranges) // 2]
    ends = [one.strip(' "\\') for one in middle.strip("[]()").split(",")]
    return next((one for one in ends if one), None) if is_element else middle
