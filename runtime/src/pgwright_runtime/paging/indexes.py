"""The index that a page needs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Alias, Column, ColumnClause, ColumnElement, Function, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import CompileError
from sqlalchemy.sql import visitors
from sqlalchemy.sql.selectable import SelectBase

from pgwright_runtime._alchemy import AnySelect
from pgwright_runtime.paging.errors import NotPageable
from pgwright_runtime.paging.keys import SortKey, read_keys
from pgwright_runtime.paging.sources import Sources, read_sources

# In the style of other drivers, "%" would be doubled.
_DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]


def suggest_index(statement: AnySelect, *, unique: bool = False) -> str:
    """Return the index that pages of a statement need, as DDL.

    Columns that the WHERE equates with a value come first, then the sort keys, each with its direction and the place
    of its NULLs. The order of a join is served as far as its keys are of one table; PostgreSQL sorts the rest in small
    groups (Incremental Sort). Expressions must be immutable to be indexed, which is not checked.

    Args:
        unique: the ORDER BY is unique as it stands, as in `Pager.page`.
    Raises: NotPageable: the statement cannot be paged; its first sort key is no table's own, as a subquery's; or a
        value in it cannot be written into DDL.
    """
    sources = read_sources(statement)
    keys = [key for key in read_keys(statement, unique=unique, sources=sources) if not _is_constant(key, sources)]
    source: Any = _source(keys[0].expression, sources) if keys else None
    table = source.element if isinstance(source, Alias) else source
    if not isinstance(table, Table):
        raise NotPageable("no index gives this order: its first sort key is not made of the columns of one table")
    constants = [column for column in source.c if column in sources.constants]
    parts = [_expression(column) for column in constants]
    for key in keys:
        if _source(key.expression, sources) != source:
            break
        parts.append(_part(key))
    name = _DIALECT.identifier_preparer.format_table(table)
    return f"CREATE INDEX CONCURRENTLY ON {name} ({', '.join(dict.fromkeys(parts))})"


def _is_constant(key: SortKey, sources: Sources) -> bool:
    """Whether all rows have the same value: the key orders nothing."""
    parts = list(visitors.iterate(key.expression))
    if any(isinstance(part, SelectBase) for part in parts):
        return False
    return all(part in sources.constants for part in parts if isinstance(part, ColumnClause))


def _source(expression: ColumnElement[Any], sources: Sources) -> Any:
    """The one table whose columns an expression is made of, or None."""
    parts = list(visitors.iterate(expression))
    if any(isinstance(part, SelectBase) for part in parts):
        return None
    tables = {part.table for part in parts if isinstance(part, ColumnClause)}
    if None in tables:
        # A text, or a column without a table, is of the only one that there is.
        tables = {*(tables - {None}), *sources.tables}
    return tables.pop() if len(tables) == 1 else None


def _part(key: SortKey) -> str:
    direction = " DESC" if key.is_descending else ""
    if key.nulls_first != key.is_descending:
        direction += " NULLS FIRST" if key.nulls_first else " NULLS LAST"
    return _expression(key.expression) + direction


def _expression(expression: ColumnElement[Any]) -> str:
    compiler = _DIALECT.statement_compiler(_DIALECT, None)
    try:
        text = compiler.process(expression, include_table=False, literal_binds=True)
    except (CompileError, NotImplementedError) as error:
        raise NotPageable(f"no index is suggested: a value of the order cannot be written into DDL: {error}") from error
    # Those alone need no parentheses.
    is_call = isinstance(expression, Function) and text.endswith(")")
    return text if isinstance(expression, Column) or is_call else f"({text})"
