"""What a GIN index takes out of a value: elements of an array, keys and values of jsonb, trigrams of text, lexemes.

Where statistics of elements are kept, those are used; else the values of the column's statistics are taken apart.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise

from pgwright.model.statistics import ColumnStatistics

_WORD = re.compile(r"\w+")
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^{},]+)')
_ELEMENT_BYTES = {
    "_int2": 2.0, "_int4": 4.0, "_date": 4.0, "_float4": 4.0, "_int8": 8.0, "_float8": 8.0, "_timestamptz": 8.0,
    "_uuid": 16.0,
}  # fmt: skip
_HASH_BYTES = 4
_LEXEME_OVERHEAD_BYTES = 8  # WordEntry, and one or two positions
_TSVECTOR_HEADER_BYTES = 5  # the length and the number of lexemes
# So many common elements show how fast elements get rarer; of fewer, the first ranks tell too little.
_ENOUGH_RANKS = 100
_TAIL_STEPS = 24
_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)')
_UNKNOWN_ITEM_BYTES = 8

Documents = Sequence[tuple[frozenset[tuple[str, str]], float]]
"""The items of each value, with their path in it ("" but for jsonb), and the weight of the value."""


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a column, in groups of equally frequent ones."""

    groups: tuple[tuple[float, float, float], ...]
    """Share of the rows that hold one item, how many such items there are, and the bytes of one."""

    @property
    def per_row(self) -> float:
        return sum(share * count for share, count, _ in self.groups)


@lru_cache(maxsize=4_096)
def items_of(known: ColumnStatistics, base_type: str, operator_class: str | None, rows: float) -> Items:
    """Return the items that a GIN index keeps of a column."""
    if base_type.startswith("_") or base_type == "tsvector":
        return _elements(known, base_type, rows)
    values = list(_weighted(known))
    if base_type in ("jsonb", "hstore"):
        is_hashed = operator_class is not None and "path_ops" in operator_class
        taken_apart = _pairs if base_type == "hstore" else partial(_parts, is_hashed=is_hashed)
        documents = [(frozenset(taken_apart(text)), weight) for text, weight in values]
        return _estimated(documents, rows, _HASH_BYTES if is_hashed else None, known)
    if operator_class is not None and "trgm" in operator_class:
        texts = [(frozenset(("", item) for item in _trigrams(text)), weight) for text, weight in values]
        return _estimated(texts, rows, _HASH_BYTES, known)
    distinct = max(1.0, min(known.distinct_count(rows), rows))
    return Items((((1 - known.null_fraction) / distinct, distinct, float(known.average_width)),))


def _elements(known: ColumnStatistics, base_type: str, rows: float) -> Items:
    elements = known.common_elements or ()
    frequencies = (known.common_element_frequencies or ())[: len(elements)]
    arrays = [(frozenset(("", item) for item in array_elements(text)), weight) for text, weight in _weighted(known)]
    key_bytes = _ELEMENT_BYTES.get(base_type)
    if key_bytes is None and elements:
        key_bytes = sum(len(text.encode()) + 1 for text in elements) / len(elements)
    sampled = _estimated(arrays, rows, key_bytes, known)
    present = 1 - known.null_fraction
    per_row = sampled.per_row
    if base_type == "tsvector":
        lexemes_bytes = max(0, known.average_width - _TSVECTOR_HEADER_BYTES)
        per_row = lexemes_bytes / ((key_bytes or _UNKNOWN_ITEM_BYTES) + _LEXEME_OVERHEAD_BYTES) * present
    elif known.element_count_histogram:
        per_row = known.element_count_histogram[-1] * present  # the average stands last
    width = key_bytes or sampled.groups[0][2]
    groups = [(share * present, 1.0, width) for share in frequencies]
    rest = per_row - sum(share for share, _, _ in groups)
    if rest > per_row / 100 and len(groups) >= _ENOUGH_RANKS:
        groups += [(share, count, width) for share, count in _tail([group[0] for group in groups], rest, rows)]
    elif rest > per_row / 100:
        # An element that is not among the common ones is rarer than they are.
        fewest = 2 * rest / min(frequencies) if frequencies else 1.0
        others = max(fewest, sum(count for _, count, _ in sampled.groups) - len(elements), 1.0)
        others = min(others, rest * rows)
        groups.append((rest / others, others, width))
    return Items(tuple(groups)) if groups else sampled


def _tail(shares: Sequence[float], rest: float, rows: float) -> Iterator[tuple[float, float]]:
    """Yield groups of the elements rarer than the common ones: the share of the rows that hold each, and how many.

    Zipf's law, fitted to the rarer nine tenths of the common ones and continued until it gives all that is left of a
    row, or only elements that one row holds: the share at rank r is `share(n)·(r/n)^-s`.
    """
    ranked = sorted(shares, reverse=True)
    last = len(ranked)
    lowest = ranked[-1]
    slope = max(0.05, math.log(ranked[last // 10] / lowest) / math.log(last / (last // 10 + 1)))
    end = last * max(1.0, lowest * rows) ** (1 / slope)  # where the share is that of one row
    bounds = [last * (end / last) ** (step / _TAIL_STEPS) for step in range(_TAIL_STEPS + 1)]
    for first, after in pairwise(bounds):
        share = lowest * (math.sqrt(first * after) / last) ** -slope
        count = min(after - first, rest / share)
        yield share, count
        rest -= share * count
        if rest <= 0:
            return
    if rest > 0:  # the rest is held by one row each
        yield 1 / max(rows, 1.0), rest * rows


def _estimated(documents: Documents, rows: float, key_bytes: float | None, known: ColumnStatistics) -> Items:
    """Estimate all items from those of some documents, each path of a jsonb for itself."""
    if not any(document for document, _ in documents):
        per_row = max(1.0, known.average_width / _UNKNOWN_ITEM_BYTES)
        return Items(((0.1, per_row * 10, key_bytes or float(_UNKNOWN_ITEM_BYTES)),))
    total = sum(weight for _, weight in documents)
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    shares: dict[tuple[str, str], float] = defaultdict(float)
    for document, weight in documents:
        for path, item in document:
            seen[path][item] += 1
            shares[path, item] += weight / total * (1 - known.null_fraction)
    groups: list[tuple[float, float, float]] = []
    for path, counts in seen.items():
        width = key_bytes or sum(len(item.encode()) + 2 for item in counts) / len(counts)
        groups += [(min(1.0, shares[path, item]), 1.0, width) for item, count in counts.items() if count > 1]
        rest = sum(shares[path, item] for item, count in counts.items() if count == 1)
        if rest > 0:
            # Of equal documents each item is the same: no more come than there are different documents.
            different = min(rows, known.distinct_count(rows) or rows)
            every = different * sum(shares[path, item] for item in counts)
            others = max(_distinct(counts, every) - sum(1 for count in counts.values() if count > 1), 1.0)
            groups.append((rest / others, others, width))
    return Items(tuple(groups))


def _distinct(counts: Counter[str], every: float) -> float:
    """Return how many different items there are among `every` one, as ANALYZE does: n·d / (n - f1 + f1·n/N).

    Source: Haas and Stokes, in compute_distinct_stats of src/backend/commands/analyze.c.
    """
    drawn, single = counts.total(), sum(1 for count in counts.values() if count == 1)
    found = drawn * len(counts) / max(drawn - single + single * drawn / max(every, 1.0), 1e-9)
    return min(max(found, len(counts)), max(every, 1.0), _span(counts))


def _span(items: Iterable[str]) -> float:
    """Return how many whole numbers lie between the least and the greatest item; infinite when they are no numbers."""
    try:
        numbers = [int(item) for item in items]
    except ValueError:
        return float("inf")
    return (max(numbers) - min(numbers) + 1) * (len(numbers) + 1) / max(len(numbers) - 1, 1)


def _weighted(known: ColumnStatistics) -> Iterator[tuple[str, float]]:
    common, shares = known.common_values or (), known.common_frequencies or ()
    rest = known.histogram or ()
    left = max(0.0, 1.0 - known.null_fraction - sum(shares))
    yield from zip(common, shares, strict=False)
    yield from ((text, left / len(rest)) for text in rest)


def array_elements(text: str) -> Iterator[str]:
    """Yield the elements of an array in text: `{a,"b c"}`."""
    for quoted, plain in _ELEMENT.findall(text):
        yield quoted or plain


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the entries of an hstore: keys and values apart, and a value once whatever its key is.

    >>> sorted(_pairs('"a"=>"1", "b"=>NULL'))
    [('key', 'a'), ('key', 'b'), ('value', ''), ('value', '1')]
    """
    for key, value in _PAIR.findall(text):
        yield "key", key
        yield "value", value


def _trigrams(text: str) -> Iterator[str]:
    """Yield what pg_trgm takes: of each word, two blanks before and one after.

    >>> sorted(set(_trigrams("Cat")))
    ['  c', ' ca', 'at ', 'cat']
    """
    for word in _WORD.findall(text.lower()):
        padded = f"  {word} "
        yield from (padded[i : i + 3] for i in range(len(padded) - 2))


def _parts(text: str, is_hashed: bool) -> Iterator[tuple[str, str]]:
    """Yield the entries of a jsonb document, each with its path: keys and values apart, or values alone."""
    try:
        document = json.loads(text)
    except ValueError:
        return
    yield from _walk(document, "", is_hashed)


def _walk(value: object, path: str, is_hashed: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not is_hashed:
                yield "", key
            yield from _walk(inner, f"{path}/{key}", is_hashed)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner, path, is_hashed)
    else:
        yield path, str(value)
