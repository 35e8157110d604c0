"""What is kept how long, as a team states it beside its models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, MetaData, Table, and_, inspect, select, tuple_
from sqlalchemy.orm import QueryableAttribute
from sqlalchemy.sql import visitors

from pgwright_runtime.retention.moments import Epoch, is_due
from pgwright_runtime.retention.rules import Rule

AnyColumn = Column[Any] | QueryableAttribute[Any]
"""A table's column, or a model's attribute of one."""
AnyTable = Table | type[Any]
"""A table, or a model's class."""

SOFT_DELETE = "soft_delete"
"""The key in `Table.info` by which a model says that its rows are marked as deleted."""
_MARK = "deleted_at"
_KEPT_DAYS = 90


def table_of(it: AnyTable) -> Table:
    """Return the table of a model. Raises: TypeError: it has none."""
    found = it if isinstance(it, Table) else getattr(inspect(it, raiseerr=False), "local_table", None)
    if not isinstance(found, Table):
        raise TypeError(f"{it!r} is no table and no model with one; give a Table or a mapped class")
    return found


def column_of(it: AnyColumn) -> Column[Any]:
    """Return the column of an attribute. Raises: TypeError: it is no single column of a table."""
    found = it if isinstance(it, Column) else getattr(it, "property", None)
    columns = [found] if isinstance(found, Column) else list(getattr(found, "columns", ()))
    if len(columns) != 1 or not isinstance(columns[0], Column) or not isinstance(columns[0].table, Table):
        raise TypeError(f"{it!r} is no column of a table; give Model.column or table.c.column")
    return columns[0]


@dataclass(frozen=True)
class Expired:
    """Rows go when their moment has passed, as a token's `expires_at`; one without a moment never does."""

    column: AnyColumn
    grace: timedelta = timedelta(0)
    """How much longer they stay."""
    where: ColumnElement[bool] | None = None
    """Only of rows for which this holds."""
    zone: str = "UTC"
    """Of a column without time zone: the zone that its moments are meant in."""
    epoch: Epoch | None = None
    """Of a column of numbers: what is counted since 1970."""

    def rules(self) -> Iterator[Rule]:
        column = column_of(self.column)
        yield _by_age(column, self.grace, self.where, self.zone, self.epoch, f"{column.name} has passed")


@dataclass(frozen=True)
class OlderThan:
    """Rows go at an age, counted from a moment that a column holds."""

    column: AnyColumn
    age: timedelta
    where: ColumnElement[bool] | None = None
    """Only of rows for which this holds."""
    zone: str = "UTC"
    """Of a column without time zone: the zone that its moments are meant in."""
    epoch: Epoch | None = None
    """Of a column of numbers: what is counted since 1970."""

    def rules(self) -> Iterator[Rule]:
        column = column_of(self.column)
        yield _by_age(
            column, self.age, self.where, self.zone, self.epoch, f"{column.name} was more than {_days(self.age)} ago"
        )


@dataclass(frozen=True)
class SoftDeleted:
    """Rows go some time after they were marked as deleted: in all tables of the models that mark them."""

    models: MetaData | Iterable[AnyTable]
    age: timedelta = timedelta(days=_KEPT_DAYS)
    column: str | None = None
    """The mark, where models have it without `table.info["soft_delete"]`: every table with a column of this name."""
    zone: str = "UTC"

    def rules(self) -> Iterator[Rule]:
        found = False
        for table in _tables(self.models):
            mark = self._mark(table)
            if mark is not None:
                found = True
                yield _by_age(mark, self.age, None, self.zone, None, f"deleted more than {_days(self.age)} ago")
        if not found:
            name = f"a column {self.column!r}" if self.column else f"{SOFT_DELETE!r} in its info"
            raise ValueError(f"SoftDeleted finds no table with {name}; were the models imported?")

    def _mark(self, table: Table) -> Column[Any] | None:
        if self.column is not None:
            return table.c.get(self.column)
        said = table.info.get(SOFT_DELETE)
        return None if said is None or said is False else table.c[said if isinstance(said, str) else _MARK]


@dataclass(frozen=True)
class KeepLast:
    """Of each parent, only the newest rows stay: the last 50 runs of a job, the last 10 versions of a page.

    Rows without a parent, and those whose order is NULL, stay and do not count.
    """

    parent: AnyColumn | Sequence[AnyColumn]
    newest: AnyColumn
    """The greater, the newer."""
    rows: int
    where: ColumnElement[bool] | None = None
    """Only rows for which this holds count, and go."""

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise ValueError(f"rows is {self.rows}; of each parent at least 1 has to stay")

    def rules(self) -> Iterator[Rule]:
        newest = column_of(self.newest)
        given = [self.parent] if isinstance(self.parent, Column | QueryableAttribute) else self.parent
        parents = tuple(column_of(one) for one in given)
        table = newest.table
        key = tuple(table.primary_key.columns)
        if not key:
            raise ValueError(
                f"KeepLast needs a primary key of {table.fullname}: rows of one moment have an order by it"
            )
        others = table.alias("newer")
        limit = (
            select(others.c[newest.name], *(others.c[one.name] for one in key))
            .where(and_(*(others.c[one.name] == one for one in parents)), others.c[newest.name].is_not(None))
            .order_by(others.c[newest.name].desc(), *(others.c[one.name].desc() for one in key))
            .offset(self.rows - 1)
            .limit(1)
            .correlate(table)
        )
        if self.where is not None:
            limit = limit.where(_of_alias(self.where, table, others))
        condition = tuple_(newest, *key) < limit.scalar_subquery()
        named = ", ".join(one.name for one in parents)
        yield Rule(
            name=f"{table.fullname} ({newest.name})",
            table=table,
            says=f"not among the last {self.rows:,} of their {named}",
            condition=lambda now, kind: _both(condition, self.where),
            index=(*parents, newest),
        )


RetentionPolicy = Expired | OlderThan | SoftDeleted | KeepLast


def _tables(models: MetaData | Iterable[AnyTable]) -> Iterator[Table]:
    if isinstance(models, MetaData):
        yield from sorted(models.tables.values(), key=lambda table: table.fullname)
    else:
        yield from map(table_of, models)


def _by_age(
    column: Column[Any], age: timedelta, where: ColumnElement[bool] | None, zone: str, epoch: Epoch | None, says: str
) -> Rule:
    if age < timedelta(0):
        raise ValueError(f"{column}: an age of {age} lies in the future")
    due = is_due(column, age, zone, epoch)
    return Rule(
        name=f"{column.table.fullname} ({column.name})",
        table=column.table,
        says=says,
        condition=lambda now, kind: _both(due(now, kind), where),
        index=(column,),
        column=column,
        age=age,
        is_partial=where is not None,
    )


def _both(one: ColumnElement[bool], other: ColumnElement[bool] | None) -> ColumnElement[bool]:
    return one if other is None else and_(one, other)


def _of_alias(where: ColumnElement[bool], table: Table, alias: FromClause) -> ColumnElement[bool]:
    """Return a condition on a table as one on its alias."""

    def other(element: Any, **_: Any) -> Any:
        return alias.c[element.key] if isinstance(element, Column) and element.table is table else None

    return visitors.replacement_traverse(where, {}, other)


def _days(age: timedelta) -> str:
    """Return an age in words.

    >>> _days(timedelta(days=90)), _days(timedelta(hours=36))
    ('90 days', '36 hours')
    """
    hours = age.total_seconds() / 3600
    return f"{hours / 24:g} days" if hours % 24 == 0 else f"{hours:g} hours"
