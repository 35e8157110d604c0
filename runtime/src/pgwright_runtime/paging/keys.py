"""The keys of an ORDER BY: the expression, its direction, where its NULLs are, and whether it has any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, Select, Table, TableClause
from sqlalchemy.dialects import postgresql

from pgwright_runtime._alchemy import (
    AnySelect,
    collections_from_join,
    has_row_limit,
    makes_rows,
    options_of,
    order_by_clauses,
    shape_key,
    tables_of,
)
from pgwright_runtime.paging.clauses import read_clauses
from pgwright_runtime.paging.errors import NotPageable
from pgwright_runtime.paging.operands import operand
from pgwright_runtime.paging.sources import Sources, read_sources
from pgwright_runtime.paging.unstable import check_stable

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class SortKey:
    """One key of an order."""

    expression: ColumnElement[Any]
    is_descending: bool
    nulls_first: bool
    is_nullable: bool

    def reversed(self) -> SortKey:
        return replace(self, is_descending=not self.is_descending, nulls_first=not self.nulls_first)

    def clause(self) -> ColumnElement[Any]:
        """Return the key as ORDER BY has it."""
        key = operand(self.expression)
        ordered = key.desc() if self.is_descending else key.asc()
        if self.nulls_first == self.is_descending:
            # PostgreSQL's own rule: NULL is larger than everything.
            return ordered
        return ordered.nulls_first() if self.nulls_first else ordered.nulls_last()

    def describe(self) -> str:
        """Return what makes this key another than others, with the values inside it."""
        if isinstance(self.expression, Column) and isinstance(self.expression.table, Table):
            text = f"{self.expression.table.fullname}.{self.expression.name}"
        else:
            compiled = self.expression.compile(dialect=_DIALECT)
            text = f"{compiled} {sorted(compiled.params.items())!r}"
        return f"{text} {'desc' if self.is_descending else 'asc'} {'first' if self.nulls_first else 'last'}"


def read_keys(statement: AnySelect, *, unique: bool = False, sources: Sources | None = None) -> tuple[SortKey, ...]:
    """Return the keys of the statement's ORDER BY, completed by the primary keys that make it unique.

    Args:
        unique: the ORDER BY is unique as it stands.
        sources: what the statement reads from, if it is known already.
    Raises: NotPageable: there is no ORDER BY, it cannot be made unique, or the rows are no rows of tables.
    """
    _check(statement)
    keys = [SortKey(*clause, is_nullable=True) for clause in read_clauses(statement)]
    completion = _complete(keys, sources, unique) if sources else _remembered(statement, keys, unique)
    known = [replace(key, is_nullable=nullable) for key, nullable in zip(keys, completion.nullable, strict=True)]
    return (*known, *completion.tiebreakers)


@dataclass(frozen=True)
class _Completion:
    """What the tables say about an ORDER BY."""

    nullable: tuple[bool, ...]
    tiebreakers: tuple[SortKey, ...]

    def is_of_all(self) -> bool:
        """Return whether all statements of the shape have these tiebreakers; an alias is one statement's own."""
        return all(isinstance(getattr(key.expression, "table", None), Table) for key in self.tiebreakers)


# As many shapes as SQLAlchemy keeps compiled by default (`query_cache_size`).
MAX_REMEMBERED = 500
_completions: dict[tuple[Any, ...], _Completion] = {}
_remembering = Lock()


def _remembered(statement: AnySelect, keys: Sequence[SortKey], unique: bool) -> _Completion:
    shape = shape_key(statement)
    if shape is None:
        return _complete(keys, read_sources(statement), unique)
    known = _completions.get((unique, *shape))
    if known is None:
        known = _complete(keys, read_sources(statement), unique)
        if known.is_of_all():
            with _remembering:
                while len(_completions) >= MAX_REMEMBERED:
                    del _completions[next(iter(_completions))]
                _completions[unique, *shape] = known
    return known


def _complete(keys: Sequence[SortKey], sources: Sources, unique: bool) -> _Completion:
    for key in keys:
        _check_key(key.expression, sources)
    tiebreakers = [] if unique else sources.tiebreakers({key.expression for key in keys})
    return _Completion(
        tuple(sources.is_nullable(key.expression) for key in keys),
        tuple(SortKey(column, False, False, sources.is_nullable(column)) for column in tiebreakers),
    )


def _check(statement: AnySelect) -> None:
    if not isinstance(statement, Select):
        raise NotPageable("only a select() can be paged; put a union into a subquery and select from it")
    if has_row_limit(statement):
        raise NotPageable("the statement has a LIMIT, OFFSET or FETCH of its own; the page sets it")
    if makes_rows(statement):
        raise NotPageable("DISTINCT and GROUP BY make rows of their own; select from the statement as a subquery")
    if not order_by_clauses(statement):
        raise NotPageable("the statement has no ORDER BY, so its pages would have no order")
    for option in options_of(statement):
        for name in collections_from_join(option):
            raise NotPageable(
                f"contains_eager({name}) takes a collection from the rows of the join, and a page may end within it; "
                f"use selectinload({name}), and exists() to filter"
            )


def _check_key(expression: ColumnElement[Any], sources: Sources) -> None:
    for source in tables_of(expression):
        if source not in set(sources.tables):
            raise NotPageable(f"the order names {_name(source)}, which the statement does not read from; join it")
    check_stable(expression)


def _name(source: FromClause) -> str:
    return source.name if isinstance(source, TableClause) else "a subquery"
