"""The keys of an ORDER BY: the expression, its direction, where its NULLs are, and whether it has any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, ColumnElement, Label, Select, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ClauseList, Grouping, TextClause, UnaryExpression

from pgwright.runtime.paging.errors import NotPageable
from pgwright.runtime.paging.sources import Sources, read_sources

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


def read_keys(
    statement: Select[*tuple[Any, ...]], *, unique: bool = False, sources: Sources | None = None
) -> tuple[SortKey, ...]:
    """Return the keys of the statement's ORDER BY, completed by the primary keys that make it unique.

    Args:
        unique: the ORDER BY is unique as it stands.
    Raises: NotPageable: there is no ORDER BY, it cannot be made unique, or the rows are no rows of tables.
    """
    _check(statement)
    sources = read_sources(statement) if sources is None else sources
    keys = [_key(clause, statement, sources) for clause in _flat(statement._order_by_clauses)]
    if not unique:
        for column in sources.tiebreakers({key.expression for key in keys}):
            keys.append(SortKey(column, False, False, sources.is_nullable(column)))
    return tuple(keys)


def _check(statement: Select[*tuple[Any, ...]]) -> None:
    if not isinstance(statement, Select):
        raise NotPageable("only a select() can be paged; put a union into a subquery and select from it")
    if statement._limit_clause is not None or statement._offset_clause is not None:
        raise NotPageable("the statement has a LIMIT or OFFSET of its own; the page sets it")
    if statement._distinct or statement._group_by_clauses or statement._having_criteria:
        raise NotPageable("DISTINCT and GROUP BY make rows of their own; select from the statement as a subquery")
    if not statement._order_by_clauses:
        raise NotPageable("the statement has no ORDER BY, so its pages would have no order")


def _flat(clauses: Sequence[Any]) -> Iterator[Any]:
    for clause in clauses:
        if isinstance(clause, ClauseList):
            yield from _flat(clause.clauses)
        else:
            yield clause


def _key(clause: Any, statement: Select[*tuple[Any, ...]], sources: Sources) -> SortKey:
    descending, nulls_first = False, None
    while True:
        # A label in ORDER BY is a reference to it, which stands for the label or its name.
        if type(clause).__name__ in ("_label_reference", "_textual_label_reference", "OrderByList"):
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
    if isinstance(clause, TextClause):
        raise NotPageable(f"an order given as text cannot be read: {clause.text!r}; use columns and expressions")
    nulls_first = descending if nulls_first is None else nulls_first
    return SortKey(clause, descending, nulls_first, sources.is_nullable(clause))


def _one(clauses: Sequence[Any]) -> Any:
    if len(clauses) != 1:
        raise NotPageable("a composite attribute cannot take one NULLS placement; order by its columns")
    return clauses[0]


def _named(name: str, statement: Select[*tuple[Any, ...]]) -> ColumnElement[Any]:
    columns = statement.selected_columns
    if name not in columns:
        raise NotPageable(f"the order names {name!r}, which is not selected")
    return columns[name]
