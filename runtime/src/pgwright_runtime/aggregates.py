"""Counts and sums that the server makes in one pass, for apps that fetch rows and count them in Python."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Result, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import QueryableAttribute

G = TypeVar("G")
V = TypeVar("V")
Condition = ColumnElement[bool]
Grouping = ColumnElement[G] | QueryableAttribute[G]


@dataclass(frozen=True)
class Summary(Generic[V]):
    """The values of one group; NULLs are no values, and a group without values has None for all but the count."""

    count: int
    """Values that are not NULL."""
    sum: Any
    """Of the type that PostgreSQL sums to: of `bigint`, a Decimal."""
    avg: Any
    min: V | None
    max: V | None


async def count_by(session: AsyncSession, column: Grouping[G], *where: Condition) -> dict[G, int]:
    """Return the number of rows for each value of a column or an expression, most rows first.

    NULL is a value here: its key is None. A value that no row has is no key.
    """
    return _counts(await session.execute(_count_by(column, where)))


def count_by_sync(session: Session, column: Grouping[G], *where: Condition) -> dict[G, int]:
    """`count_by` for a sync session."""
    return _counts(session.execute(_count_by(column, where)))


async def count_where(session: AsyncSession, conditions: Mapping[str, Condition], *where: Condition) -> dict[str, int]:
    """Return how many rows meet each condition, all counted in one pass (`FILTER`); a row may meet several.

    Args:
        conditions: name → condition, all on the same table or on tables that `where` joins.
        where: what every counted row meets.
    Raises: ValueError: there are no conditions.
    """
    return dict((await session.execute(_count_where(conditions, where))).mappings().one())


def count_where_sync(session: Session, conditions: Mapping[str, Condition], *where: Condition) -> dict[str, int]:
    """`count_where` for a sync session."""
    return dict(session.execute(_count_where(conditions, where)).mappings().one())


async def summary(session: AsyncSession, value: Grouping[V], by: Grouping[G], *where: Condition) -> dict[G, Summary[V]]:
    """Return count, sum, average, smallest and largest of a number, for each value of another column."""
    return _summaries(await session.execute(_summary(value, by, where)))


def summary_sync(session: Session, value: Grouping[V], by: Grouping[G], *where: Condition) -> dict[G, Summary[V]]:
    """`summary` for a sync session."""
    return _summaries(session.execute(_summary(value, by, where)))


def _count_by(column: Grouping[Any], where: tuple[Condition, ...]) -> Select[*tuple[Any, ...]]:
    group = column.label("pgwright_group")
    return select(group, func.count().label("rows")).where(*where).group_by(group).order_by(func.count().desc(), group)


def _counts(result: Result[*tuple[Any, ...]]) -> dict[Any, int]:
    return {row[0]: row[1] for row in result}


def _count_where(conditions: Mapping[str, Condition], where: tuple[Condition, ...]) -> Select[*tuple[Any, ...]]:
    if not conditions:
        raise ValueError("count_where needs at least one condition")
    return select(*(func.count().filter(condition).label(name) for name, condition in conditions.items())).where(*where)


def _summary(value: Grouping[Any], by: Grouping[Any], where: tuple[Condition, ...]) -> Select[*tuple[Any, ...]]:
    group = by.label("pgwright_group")
    figures = func.count(value), func.sum(value), func.avg(value), func.min(value), func.max(value)
    return select(group, *figures).where(*where).group_by(group).order_by(group)


def _summaries(result: Result[*tuple[Any, ...]]) -> dict[Any, Summary[Any]]:
    return {group: Summary(*figures) for group, *figures in result}
