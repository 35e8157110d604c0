"""Columns that say when a row expires or was deleted: what their values mean, by what the catalogs and statistics show.

A name proves nothing. `deleted_at` may be `1000-01-01` in each living row, and an order that expired is still an order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from pgwright.checks.ages import moment
from pgwright.checks.families import TableFamily, column_statistics
from pgwright.figures import share
from pgwright.indexes.spelling import ast, tree_of
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import Column

TIME_TYPES = {"timestamptz", "timestamp", "date"}
# Earlier moments stand for something else: 0001, 1000, 1900 and 1970 are dates that no app of today wrote as "now".
# PostgreSQL's own epoch is the last of them, in any time zone.
EARLIEST = datetime(2000, 1, 3, tzinfo=UTC)
# No single moment comes so often by itself; a value that does is one that somebody chose.
LARGE_SHARE = 0.1


@dataclass(frozen=True)
class TimeMark:
    """What the values of one column of moments mean, as far as the database shows it."""

    sentinels: tuple[str, ...]
    """Values from `EARLIEST` on that stand for something else than a moment, in text form."""
    sentinel_share: float
    """Share of the rows that hold one of them, or a moment before `EARLIEST`, in [0, 1]."""
    doubt: str
    """Why a value need not mean that the row is deleted; "" where every sign says that NULL means it lives."""


def read_mark(snapshot: Snapshot, family: TableFamily, name: str) -> TimeMark:
    """Return what a column of a time type shows."""
    found = column_statistics(snapshot, family, name)
    default = family.head.column_by_name[name].default
    constant = constant_of(default)
    frequent = [value for row in found for value in _frequent(row)]
    chosen = dict.fromkeys([*([constant] if constant is not None else []), *frequent])
    sentinels = tuple(value for value in chosen if not _is_early(value))
    return TimeMark(
        sentinels=sentinels,
        sentinel_share=sum(_sentinel_share(row, sentinels) for row in found) / len(found) if found else 0.0,
        doubt=next(_doubts(family, name, found, sentinels), ""),
    )


def cannot_mark(column: Column) -> str:
    """Return why NULL in this column cannot be what marks a row as living; "" when it can."""
    if column.base_type not in TIME_TYPES:
        return f"the column is of type {column.type}"
    if not column.is_nullable:
        return "the column is NOT NULL, so that rows which live have a value too"
    if column.default is not None and not column.default.upper().startswith("NULL"):
        return f"its default is {column.default}"
    return ""


def _doubts(
    family: TableFamily,
    name: str,
    found: tuple[ColumnStatistics, ...],
    sentinels: tuple[str, ...],
) -> Iterator[str]:
    if reason := cannot_mark(family.head.column_by_name[name]):
        yield reason
    if not found:
        yield "nothing is known of its values"
    elif all(row.null_fraction == 0 for row in found):
        yield "no row is without a value"
    if sentinels:
        yield f"the value {sentinels[0]} comes too often to be the moment of anything"
    if any(_is_early(bound) for row in found for bound in row.sample):
        yield f"it holds moments before {EARLIEST:%Y}"


def _frequent(row: ColumnStatistics) -> Iterator[str]:
    with_value = 1 - row.null_fraction
    for value, frequency in zip(row.common_values or (), row.common_frequencies or (), strict=True):
        if with_value > 0 and frequency / with_value >= LARGE_SHARE:
            yield value


def _is_early(value: str) -> bool:
    at = moment(value)
    return at is not None and at < EARLIEST


def _sentinel_share(row: ColumnStatistics, sentinels: tuple[str, ...]) -> float:
    common = zip(row.common_values or (), row.common_frequencies or (), strict=True)
    return sum(frequency for value, frequency in common if value in sentinels or _is_early(value))


def constant_of(default: str | None) -> str | None:
    """Return the constant that is a column's default, as text.

    >>> constant_of("'1000-01-01 00:00:00'::timestamp without time zone"), constant_of("now()")
    ('1000-01-01 00:00:00', None)
    """
    node = tree_of(default) if default is not None else None
    while isinstance(node, ast.TypeCast):
        node = node.arg
    value = node.val if isinstance(node, ast.A_Const) and not node.isnull else None
    return str(value.sval) if isinstance(value, ast.String) else None


def describe_sentinels(mark: TimeMark) -> str:
    """Return what is not counted, as a person reads it."""
    named = [*mark.sentinels, f"all before {EARLIEST:%Y}"]
    return f"{', '.join(named)}: {share(mark.sentinel_share)} of the rows"
