"""Counts and sums that the server makes in one pass, for apps that fetch rows and count them in Python.

Each function takes either session; of an async one, await it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm.attributes import QueryableAttribute

from pgwright_runtime._sessions import AnyAsyncSession, AnySession, Awaited, Steps, run

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


@overload
def count_by(session: AnyAsyncSession, column: Grouping[G], *where: Condition) -> Awaited[dict[G, int]]: ...
@overload
def count_by(session: AnySession, column: Grouping[G], *where: Condition) -> dict[G, int]: ...
def count_by(
    session: AnyAsyncSession | AnySession, column: Grouping[G], *where: Condition
) -> Awaited[dict[G, int]] | dict[G, int]:
    """Return the number of rows for each value of a column or an expression, most rows first.

    NULL is a value here: its key is None. A value that no row has is no key.
    """
    return run(session, _count_by(column, where))


@overload
def count_where(
    session: AnyAsyncSession, conditions: Mapping[str, Condition], *where: Condition
) -> Awaited[dict[str, int]]: ...
@overload
def count_where(session: AnySession, conditions: Mapping[str, Condition], *where: Condition) -> dict[str, int]: ...
def count_where(
    session: AnyAsyncSession | AnySession, conditions: Mapping[str, Condition], *where: Condition
) -> Awaited[dict[str, int]] | dict[str, int]:
    """Return how many rows meet each condition, all counted in one pass (`FILTER`); a row may meet several.

    Args:
        conditions: name → condition, all on the same table or on tables that `where` joins.
        where: what every counted row meets.
    Raises: ValueError: there are no conditions.
    """
    return run(session, _count_where(conditions, where))


@overload
def summary(
    session: AnyAsyncSession, value: Grouping[V], by: Grouping[G], *where: Condition
) -> Awaited[dict[G, Summary[V]]]: ...
@overload
def summary(session: AnySession, value: Grouping[V], by: Grouping[G], *where: Condition) -> dict[G, Summary[V]]: ...
def summary(
    session: AnyAsyncSession | AnySession, value: Grouping[V], by: Grouping[G], *where: Condition
) -> Awaited[dict[G, Summary[V]]] | dict[G, Summary[V]]:
    """Return count, sum, average, smallest and largest of a number, for each value of another column."""
    return run(session, _summary(value, by, where))


def _count_by(column: Grouping[Any], where: tuple[Condition, ...]) -> Steps[dict[Any, int]]:
    group, rows = column.label("pgwright_group"), func.count()
    result = yield select(group, rows).where(*where).group_by(group).order_by(rows.desc(), group)
    return {row[0]: row[1] for row in result}


def _count_where(conditions: Mapping[str, Condition], where: tuple[Condition, ...]) -> Steps[dict[str, int]]:
    if not conditions:
        raise ValueError("count_where needs at least one condition")
    counts = (func.count().filter(condition).label(name) for name, condition in conditions.items())
    return dict((yield select(*counts).where(*where)).mappings().one())


def _summary(value: Grouping[Any], by: Grouping[Any], where: tuple[Condition, ...]) -> Steps[dict[Any, Summary[Any]]]:
    group = by.label("pgwright_group")
    figures = func.count(value), func.sum(value), func.avg(value), func.min(value), func.max(value)
    result = yield select(group, *figures).where(*where).group_by(group).order_by(group)
    return {row[0]: Summary(*row[1:]) for row in result}
