"""What is known of an expression in an index without statistics of its own: from its outermost function and column."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from math import prod

from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import Column
from pgwright.sizes.widths import Widths, widths_of

# DEFAULT_NUM_DISTINCT of src/include/utils/selfuncs.h.
_UNKNOWN_DISTINCT = 200.0
_UNKNOWN_TEXT_BYTES = 16

_SAME_VALUES = re.compile(r"(?i)^\(*\s*(?:lower|upper|btrim|trim|ltrim|rtrim|initcap|unaccent|reverse)\s*\(")
_TRUNCATED = re.compile(r"(?i)^\(*\s*date_trunc\s*\(\s*'(\w+)'")
_EXTRACTED = re.compile(r"(?i)^\(*\s*(?:extract\s*\(\s*'?(\w+)'?\s+from\b|date_part\s*\(\s*'(\w+)')")
_TO_DATE = re.compile(r"(?i)(?:^\(*\s*date\s*\(|::\s*date\b|\bas\s+date\s*\))")
_PREFIX = re.compile(
    r"""(?ix)^\(*\s* (?:
        "?substr(?:ing)?"? \s* \( .*? (?: \bfrom\s+1\s+for\s+ | ,\s*1\s*,\s* ) (\d+)
        | "?left"? \s* \( .*? ,\s* (\d+)
    )"""
)
_PATH = re.compile(r"(->>|->|#>>)\s*'([^']+)'")
_WORD = re.compile(r'"((?:[^"]|"")+)"|\b([A-Za-z_][\w$]*)\b')

_SECONDS = {
    "second": 1.0, "minute": 60.0, "hour": 3_600.0, "day": 86_400.0, "week": 604_800.0, "month": 2_629_746.0,
    "quarter": 7_889_238.0, "year": 31_556_952.0, "decade": 315_569_520.0,
}  # fmt: skip
_PARTS = {
    "second": 60.0, "minute": 60.0, "hour": 24.0, "day": 31.0, "dow": 7.0, "isodow": 7.0, "doy": 366.0, "week": 53.0,
    "month": 12.0, "quarter": 4.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExpressionValues:
    """What an expression's values look like; estimated."""

    base_type: str
    widths: Widths
    known: ColumnStatistics | None
    """The column's statistics where the values repeat as those do."""
    distinct: float


def describe(
    text: str, columns: Mapping[str, Column], statistics: Mapping[str, ColumnStatistics | None], rows: float
) -> ExpressionValues:
    """Return what can be told of an expression in SQL text."""
    name = _first_column(text, columns)
    column, known = (columns[name], statistics.get(name)) if name else (None, None)
    distinct = known.distinct_count(rows) if known else _UNKNOWN_DISTINCT
    if found := _TRUNCATED.match(text):
        return _plain("timestamptz", min(distinct, _spans(known, _SECONDS.get(found[1].lower(), 86_400.0))))
    if found := _EXTRACTED.match(text):
        part = (found[1] or found[2]).lower()
        return _plain("numeric", min(distinct, _PARTS.get(part) or _spans(known, _SECONDS["year"])))
    if path := _PATH.findall(text):
        return _inside([key for _, key in path], known, rows)
    if (length := prefix_length(text)) is not None:
        starts = [value[:length] for value in (known.sample if known else ())]
        # As many as the characters seen at each place can be put together.
        return _of_sample(starts, min(rows, prod(len(set(place)) for place in zip_longest(*starts))))
    if _TO_DATE.search(text):
        return _plain("date", min(distinct, _spans(known, 86_400.0)))
    if column is not None and (_SAME_VALUES.match(text) or text.strip("() ") == name):
        return ExpressionValues(column.base_type, widths_of(column.base_type, known), known, distinct)
    return ExpressionValues("text", Widths((_UNKNOWN_TEXT_BYTES,), 1), None, distinct)


def prefix_length(text: str) -> int | None:
    """Return how many characters an expression takes from the start of a text; None where it takes all."""
    found = _PREFIX.match(text)
    return int(found[1] or found[2]) if found else None


def values_inside(
    text: str, columns: Mapping[str, Column], statistics: Mapping[str, ColumnStatistics | None]
) -> list[str] | None:
    """Return what the documents of the statistics hold where an expression looks; None where it looks into none."""
    path = [key for _, key in _PATH.findall(text)]
    if not path:
        return None
    known = statistics.get(_first_column(text, columns) or "")
    return [found for value in (known.sample if known else ()) if (found := _at(value, path)) is not None]


def _first_column(text: str, columns: Mapping[str, Column]) -> str | None:
    words = (quoted.replace('""', '"') or plain for quoted, plain in _WORD.findall(text))
    return next((word for word in words if word in columns), None)


def _plain(base_type: str, distinct: float) -> ExpressionValues:
    widths = Widths((5,), 1) if base_type == "numeric" else widths_of(base_type, None)
    return ExpressionValues(base_type, widths, None, max(distinct, 1.0))


def _spans(known: ColumnStatistics | None, seconds: float) -> float:
    """Return how many units of time lie between the first and the last value of the statistics."""
    moments = [moment for value in (known.sample if known else ()) if (moment := moment_of(value)) is not None]
    if len(moments) < 2:
        return _UNKNOWN_DISTINCT
    return 1.0 + (max(moments) - min(moments)) / seconds


def moment_of(value: str) -> float | None:
    text = re.sub(r"([+-]\d\d)$", r"\1:00", value)
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None).timestamp()
    except (ValueError, OverflowError):
        return None


def _inside(path: list[str], known: ColumnStatistics | None, rows: float) -> ExpressionValues:
    """Return what the documents of the statistics hold at a path of jsonb."""
    values = (_at(text, path) for text in (known.sample if known else ()))
    return _of_sample([value for value in values if value is not None], rows)


def _of_sample(values: Sequence[str], most: float) -> ExpressionValues:
    """Return what texts look like of which these are a sample, and of which there are so many at most."""
    if not values:
        return ExpressionValues("text", Widths((_UNKNOWN_TEXT_BYTES,), 1), None, _UNKNOWN_DISTINCT)
    seen = len(set(values))
    # When most are different in the sample, nobody has seen them all.
    distinct = float(seen) if seen < len(values) / 2 else most * seen / len(values)
    width = round(sum(len(value.encode()) + 1 for value in values) / len(values))
    return ExpressionValues("text", Widths((width,), 1), None, distinct)


def _at(text: str, path: list[str]) -> str | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, str) or value is None else json.dumps(value)
