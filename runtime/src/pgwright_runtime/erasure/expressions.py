"""SQL expressions over the team's models, put on the tables of a statement of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Table
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnClause

from pgwright_runtime.erasure.catalog import CatalogTables


@dataclass
class Places:
    """Which columns of a statement stand for those of a table."""

    catalog: CatalogTables
    columns: dict[Table, Mapping[str, ColumnElement[Any]]] = field(default_factory=dict)

    def of(self, table: Table) -> Mapping[str, ColumnElement[Any]]:
        return self.columns[table]

    def put(self, table: Table, columns: FromClause | Mapping[str, ColumnElement[Any]]) -> Places:
        """Return these and one more."""
        given = {column.name: column for column in columns.c} if isinstance(columns, FromClause) else columns
        return Places(self.catalog, {**self.columns, table: given})


def placed(expression: ColumnElement[Any], places: Places) -> ColumnElement[Any]:
    """Return an expression whose columns are those of the statement."""

    def replace(element: Any, **options: Any) -> Any:
        if not isinstance(element, ColumnClause):
            return None
        table = getattr(element, "table", None)
        if not isinstance(table, Table):
            return None
        known = places.catalog.find((table.schema, table.name))
        if known is None or known not in places.columns:
            return None
        return places.columns[known].get(element.name)

    found: ColumnElement[Any] = visitors.replacement_traverse(expression, {}, replace)
    return found
