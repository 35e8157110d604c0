"""How many bytes the values of a column take in an index tuple, from the values that the statistics hold.

A short varlena has a header of one byte in an index as in the table, and `avg_width` counts it. What the average hides
is the padding between values and at the tuple's end, so widths are a sample, and tuples are laid out one by one.

Source: src/include/varatt.h, src/backend/access/common/{heaptuple,indextuple}.c, numeric.c of PostgreSQL 18.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pgwright.model.statistics import ColumnStatistics
from pgwright.sizes.size import aligned

SAMPLE = 32
"""Tuples that stand for all; a power of two, so that every odd step visits each."""
_STEPS = (1, 13, 7, 19, 11, 23, 5, 29)
_UNKNOWN_WIDTH = 32
_SHORT_VARLENA_BYTES = 127  # above, the header has 4 bytes and the value is aligned to 4

_FIXED = {
    "bool": (1, 1), "char": (1, 1), "int2": (2, 2), "int4": (4, 4), "int8": (8, 8), "float4": (4, 4), "float8": (8, 8),
    "date": (4, 4), "time": (8, 8), "timetz": (12, 8), "timestamp": (8, 8), "timestamptz": (8, 8), "interval": (16, 8),
    "uuid": (16, 1), "oid": (4, 4), "money": (8, 8), "macaddr": (6, 4), "macaddr8": (8, 4), "name": (64, 1),
    "point": (16, 8), "box": (32, 8), "circle": (24, 8), "pg_lsn": (8, 8), "xid8": (8, 8),
}  # fmt: skip
_EQUALLY_WIDE = {"inet", "cidr", "bit", "vector", "halfvec"}
_TEXTS = {"text", "varchar", "bpchar", "citext"}


@dataclass(frozen=True, slots=True)
class Widths:
    """Bytes of one column's values, without padding."""

    values: tuple[int, ...]
    """One when all are equal; else `SAMPLE` of them, the shortest first."""
    alignment: int
    """1 also for a varlena: only a long one is aligned, to 4."""

    @property
    def average(self) -> float:
        return sum(self.values) / len(self.values)


def is_fixed(base_type: str) -> bool:
    """Tell whether all values of a type take the same few bytes."""
    return base_type in _FIXED


@lru_cache(maxsize=16_384)
def widths_of(base_type: str, known: ColumnStatistics | None) -> Widths:
    """Return the widths of a column's values that are not null."""
    if base_type in _FIXED:
        width, alignment = _FIXED[base_type]
        return Widths((width,), alignment)
    average = known.average_width if known else _UNKNOWN_WIDTH
    if known is None:
        return Widths((average,), 1)
    measured = _measured(base_type, known)
    # The statistics leave out values over 1,000 bytes, and compression shortens what a long text takes.
    if measured and abs(sum(measured) / len(measured) - average) <= max(2.0, average / 4):
        return Widths(measured, 1)
    if base_type in _EQUALLY_WIDE or base_type.endswith("range"):
        return Widths((average,), 1)
    if average == 4 and base_type not in _TEXTS | {"numeric"}:  # an enum, most likely
        return Widths((4,), 4)
    return Widths(_spread(average), 1)


def _measured(base_type: str, known: ColumnStatistics) -> tuple[int, ...]:
    """Return the widths of the values in the statistics, each as often as it occurs."""
    if base_type in _TEXTS:
        width = _text_width
    elif base_type == "numeric":
        width = _numeric_width
    else:
        return ()
    common = known.common_values or ()
    shares = known.common_frequencies or ()
    rest = known.histogram or ()
    left = max(0.0, 1.0 - known.null_fraction - sum(shares))
    weighted = [(width(value), share) for value, share in zip(common, shares, strict=False)]
    weighted += [(width(value), left / len(rest)) for value in rest]
    return _quantiles(sorted(weighted))


def _quantiles(weighted: Sequence[tuple[int, float]]) -> tuple[int, ...]:
    total = sum(share for _, share in weighted)
    if total <= 0:
        return ()
    if weighted[0][0] == weighted[-1][0]:
        return (weighted[0][0],)
    found: list[int] = []
    reached = 0.0
    for width, share in weighted:
        reached += share
        while len(found) < SAMPLE and (len(found) + 0.5) / SAMPLE <= reached / total + 1e-9:
            found.append(width)
    return tuple(found)


def _spread(average: float) -> tuple[int, ...]:
    """Return widths all around an average of which nothing else is known."""
    reach = min(8, int(average / 2))
    return tuple(round(average + reach * (2 * i + 1 - SAMPLE) / SAMPLE) for i in range(SAMPLE))


def _text_width(value: str) -> int:
    return _varlena(len(value.encode()))


def _numeric_width(value: str) -> int:
    """Return the bytes of a numeric: a short header and two bytes per group of four decimal digits.

    >>> [_numeric_width(text) for text in ("0", "12.5", "901.00", "-123456.78")]
    [3, 7, 5, 9]
    """
    whole, _, fraction = value.lstrip("-").partition(".")
    if not whole.isdigit():  # NaN, Infinity
        return 3
    groups = [whole.zfill(aligned(len(whole), 4))[i : i + 4] for i in range(0, len(whole), 4)]
    groups += [fraction.ljust(aligned(len(fraction), 4), "0")[i : i + 4] for i in range(0, len(fraction), 4)]
    stored = " ".join("" if group == "0000" else "x" for group in groups).strip()
    return _varlena(2 + 2 * (stored.count(" ") + 1 if stored else 0))


def _varlena(data: int) -> int:
    return data + 1 if data < _SHORT_VARLENA_BYTES - 1 else data + 4


def lay_out(columns: Sequence[Widths]) -> tuple[int, ...]:
    """Return the bytes that values take one after the other, padding between them included, in a sample of tuples."""
    if all(len(column.values) == 1 for column in columns):
        return (_end([(column.values[0], column.alignment) for column in columns]),)
    ends = []
    for number in range(SAMPLE):
        row = []
        for position, column in enumerate(columns):
            step = _STEPS[position % len(_STEPS)]
            chosen = column.values[(number * step + position) % len(column.values)]
            row.append((chosen, column.alignment))
        ends.append(_end(row))
    return tuple(ends)


def _end(row: Sequence[tuple[int, int]]) -> int:
    end = 0
    for width, alignment in row:
        boundary = 4 if alignment == 1 and width > _SHORT_VARLENA_BYTES + 3 else alignment
        end = -(-end // boundary) * boundary + width
    return end
