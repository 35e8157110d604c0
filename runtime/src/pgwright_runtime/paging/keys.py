"""The keys of an ORDER BY: the expression, its direction, where its NULLs are, and whether it has any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from sqlalchemy import Column, ColumnElement, FromClause, Label, Over, Select, Table, TableClause
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ClauseList, Grouping, Null, TextClause, UnaryExpression
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import SelectBase

from pgwright_runtime._alchemy import (
    AnySelect,
    collections_from_join,
    has_row_limit,
    is_reference,
    makes_rows,
    options_of,
    order_by_clauses,
    shape_key,
    tables_of,
)
from pgwright_runtime.paging.errors import NotPageable
from pgwright_runtime.paging.sources import Sources, read_sources

# Those that are met in an ORDER BY; the server refuses the others.
_OF_MANY_ROWS = {"count", "sum", "min", "max", "avg", "array_agg", "string_agg"}
_VOLATILE = {"random", "random_normal", "gen_random_uuid", "uuidv4", "uuidv7", "clock_timestamp"}
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
        ordered = self.expression.desc() if self.is_descending else self.expression.asc()
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
    keys = [_key(clause, statement) for clause in _flat(order_by_clauses(statement))]
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
    for part in _parts(expression):
        if isinstance(part, Over) or (isinstance(part, FunctionElement) and part.name in _OF_MANY_ROWS):
            raise NotPageable(
                "an aggregate or window function cannot be compared with a cursor; "
                "select from the statement as a subquery"
            )
        if isinstance(part, FunctionElement) and part.name in _VOLATILE:
            raise NotPageable(
                f"{part.name}() has another value at each call, so no page could follow; store it in a column"
            )


def _name(source: FromClause) -> str:
    return source.name if isinstance(source, TableClause) else "a subquery"


def _parts(expression: Any) -> Iterator[Any]:
    """Yield an expression and what it is made of; a subquery in it has rows of its own."""
    yield expression
    for part in () if isinstance(expression, (SelectBase, TableClause)) else expression.get_children():
        yield from _parts(part)


def _flat(clauses: Sequence[Any]) -> Iterator[Any]:
    for clause in clauses:
        if isinstance(clause, ClauseList):
            yield from _flat(clause.clauses)
        else:
            yield clause


def _key(clause: Any, statement: AnySelect) -> SortKey:
    descending, nulls_first = False, None
    while True:
        # A label in ORDER BY is a reference to it, which stands for the label or its name.
        if is_reference(clause):
            clause = _one(clause.clauses) if hasattr(clause, "clauses") else clause.element
        elif isinstance(clause, str):
            clause = _named(clause, statement)
        elif isinstance(clause, UnaryExpression) and clause.modifier is operators.desc_op:
            descending, clause = True, clause.element
        elif isinstance(clause, UnaryExpression) and clause.modifier is operators.asc_op:
            clause = clause.element
        elif isinstance(clause, UnaryExpression) and clause.modifier is operators.nulls_first_op:
            nulls_first, clause = True, clause.element
        elif isinstance(clause, UnaryExpression) and clause.modifier is operators.nulls_last_op:
            nulls_first, clause = False, clause.element
        elif isinstance(clause, (Label, Grouping)):
            clause = clause.element
        else:
            break
    if isinstance(clause, Null):
        raise NotPageable("ORDER BY NULL orders nothing; leave it out")
    if isinstance(clause, TextClause):
        raise NotPageable(f"an order given as text cannot be read: {clause.text!r}; use columns and expressions")
    nulls_first = descending if nulls_first is None else nulls_first
    return SortKey(clause, descending, nulls_first, is_nullable=True)


def _one(clauses: Sequence[Any]) -> Any:
    if len(clauses) != 1:
        raise NotPageable("a composite attribute cannot take one NULLS placement; order by its columns")
    return clauses[0]


def _named(name: str, statement: AnySelect) -> ColumnElement[Any]:
    columns = statement.selected_columns
    if name not in columns:
        raise NotPageable(f"the order names {name!r}, which is not selected")
    return columns[name]
