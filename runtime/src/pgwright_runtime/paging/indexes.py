"""The index that a page needs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Alias, Column, ColumnElement, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import visitors
from sqlalchemy.sql.functions import FunctionElement

from pgwright_runtime._alchemy import AnySelect
from pgwright_runtime.paging.errors import NotPageable
from pgwright_runtime.paging.keys import SortKey, read_keys
from pgwright_runtime.paging.sources import read_sources

# In the style of other drivers, "%" would be doubled.
_DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]


def suggest_index(statement: AnySelect, *, unique: bool = False) -> str:
    """Return the index that pages of a statement need, as DDL.

    Columns that the WHERE equates with a value come first, then the sort keys, each with its direction and the place
    of its NULLs. The order of a join is served as far as its keys are of one table; PostgreSQL sorts the rest in small
    groups (Incremental Sort). Expressions must be immutable to be indexed, which is not checked.

    Args:
        unique: the ORDER BY is unique as it stands, as in `Pager.page`.
    Raises: NotPageable: the statement cannot be paged, or its first sort key is no table's own.
    """
    sources = read_sources(statement)
    keys = read_keys(statement, unique=unique, sources=sources)
    source = _source(keys[0].expression)
    table = source.element if isinstance(source, Alias) else source
    if not isinstance(table, Table):
        raise NotPageable("no index gives this order: its first sort key is not made of the columns of one table")
    constants = [column for column in source.c if column in sources.constants]
    parts = [_expression(column) for column in constants]
    for key in keys:
        if _source(key.expression) is not source:
            break
        if key.expression not in sources.constants:
            parts.append(_part(key))
    name = _DIALECT.identifier_preparer.format_table(table)
    return f"CREATE INDEX CONCURRENTLY ON {name} ({', '.join(dict.fromkeys(parts))})"


def _source(expression: ColumnElement[Any]) -> Any:
    """The one table whose columns an expression is made of, or None."""
    tables = {element.table for element in visitors.iterate(expression) if isinstance(element, Column)}
    return tables.pop() if len(tables) == 1 else None


def _part(key: SortKey) -> str:
    direction = " DESC" if key.is_descending else ""
    if key.nulls_first != key.is_descending:
        direction += " NULLS FIRST" if key.nulls_first else " NULLS LAST"
    return _expression(key.expression) + direction


def _expression(expression: ColumnElement[Any]) -> str:
    compiler = _DIALECT.statement_compiler(_DIALECT, None)
    text = compiler.process(expression, include_table=False, literal_binds=True)
    return text if isinstance(expression, (Column, FunctionElement)) else f"({text})"
