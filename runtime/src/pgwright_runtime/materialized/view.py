"""A materialized view, declared in code beside the models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Label, MetaData, Select, Table, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.expression import ColumnClause

from pgwright_runtime._sql import quoted
from pgwright_runtime.materialized.refreshes import refreshes_table

METADATA_INFO = "materialized_views"


class MaterializedView:
    """The stored result of a query: what is read, how often it is refreshed, and how old it may become.

    `view.table` is a SQLAlchemy Table to select from or to map a class to; `view.c` has its columns. It belongs to no
    MetaData of the app's, so `create_all` and autogenerate do not take it for a table.
    """

    def __init__(
        self,
        name: str,
        query: Select[*tuple[Any, ...]] | str,
        *,
        metadata: MetaData,
        unique: Sequence[str],
        every: timedelta,
        max_age: timedelta,
        columns: Iterable[Column[Any]] = (),
        schema: str | None = None,
    ) -> None:
        """Declare a view.

        Args:
            name: as in the database, without its schema.
            query: a SELECT of columns and labels, or its SQL text.
            metadata: the app's, where autogenerate finds the view; it gets the table `pgwright_refreshes`.
            unique: columns of which no two rows have the same values, without which readers wait for each refresh.
            every: how long after a refresh the next one is due.
            max_age: how old the data may become; refreshing takes time, so more than `every`.
            columns: those of a query that is given as text, in order; else they follow from the SELECT.
            schema: None: that of the metadata, or the first of `search_path`.
        Raises: ValueError: the times or columns cannot be right, or the metadata has a view of that name already.
        """
        if isinstance(unique, str):
            raise ValueError(f"give a collection: unique=[{unique!r}], not unique={unique!r}")
        if not timedelta(0) < every <= max_age:
            raise ValueError(f"every must be above 0 and at most max_age, and is {every} of {max_age}")
        self.name, self.schema, self.metadata = name, schema or metadata.schema, metadata
        self.every, self.max_age = every, max_age
        self.unique = tuple(unique)
        self.definition = query.strip().rstrip(";").rstrip() if isinstance(query, str) else _sql(query)
        made = list(columns) if isinstance(query, str) else list(_columns(query))
        names = [column.name for column in made]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"the columns of {name!r} must be known, each with a name of its own: {names}")
        if not self.unique or not set(self.unique) <= set(names):
            raise ValueError(f"unique must name columns of {name!r}, which are {names}, not {list(unique)}")
        for column in made:
            column.primary_key = column.name in self.unique
        self.table = Table(name, MetaData(), *made, schema=self.schema)
        self.refreshes = refreshes_table(metadata, self.schema)
        known: dict[str, MaterializedView] = metadata.info.setdefault(METADATA_INFO, {})
        if known.setdefault(self.fullname, self) is not self:
            raise ValueError(f"the metadata has a materialized view {self.fullname!r} already")

    @property
    def c(self) -> ReadOnlyColumnCollection[str, Column[Any]]:
        """The columns, to select and filter by."""
        return self.table.c

    @property
    def fullname(self) -> str:
        """`schema.name`, or the name alone; not quoted."""
        return self.table.fullname

    @property
    def quoted(self) -> str:
        """The name as SQL text."""
        return quoted(self.name, self.schema)

    @property
    def data_at(self) -> ColumnElement[Any]:
        """The moment of the data, to be selected together with them: one statement sees both as of one refresh."""
        moment = select(self.refreshes.c.data_at).where(self.refreshes.c.view_name == self.name)
        return moment.scalar_subquery().label("data_at")

    def __repr__(self) -> str:
        return f"MaterializedView({self.fullname!r})"


def declared_views(metadata: MetaData) -> tuple[MaterializedView, ...]:
    """Return the views that are declared with this metadata, in the order of their declarations."""
    return tuple(metadata.info.get(METADATA_INFO, {}).values())


def _sql(query: Select[*tuple[Any, ...]]) -> str:
    # This style of parameters leaves a percent sign as it is.
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    return str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _columns(query: Select[*tuple[Any, ...]]) -> Iterator[Column[Any]]:
    for column in query.selected_columns:
        if not isinstance(column, Label | ColumnClause):
            raise ValueError(f"give {str(column)!r} a name: .label('…')")
        yield Column(column.name, column.type)
