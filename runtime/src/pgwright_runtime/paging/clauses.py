"""The clauses of an ORDER BY, read one by one: the expression of each, its direction, and where its NULLs are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnClause, ColumnElement, Function, Label
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ClauseList, Grouping, Null, TextClause, Tuple, UnaryExpression

from pgwright_runtime._alchemy import AnySelect, is_reference, order_by_clauses
from pgwright_runtime.paging.errors import NotPageable

Clause = tuple[ColumnElement[Any], bool, bool]
"""An expression, whether it is descending, and whether its NULLs come first."""

_POSITION = re.compile(r"\s*\d+\s*")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_INNERMOST = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_DIRECTION = re.compile(r"\b(?:ASC|DESC|NULLS\s+(?:FIRST|LAST)|USING\s+\S+)\s*$", re.IGNORECASE)


def read_clauses(statement: AnySelect) -> Iterator[Clause]:
    """Yield the clauses of the statement's ORDER BY; a row, as `tuple_(a, b)`, is one for each of its members.

    Raises: NotPageable: one cannot be read.
    """
    for clause in _flat(order_by_clauses(statement)):
        yield from _read(clause, statement)


def _flat(clauses: Sequence[Any]) -> Iterator[Any]:
    for clause in clauses:
        if isinstance(clause, ClauseList) and not isinstance(clause, Tuple):
            yield from _flat(clause.clauses)
        else:
            yield clause


def _read(clause: Any, statement: AnySelect) -> Iterator[Clause]:
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
        elif (output := _output(clause, statement)) is not None:
            clause = output
        else:
            break
    if isinstance(clause, Null):
        raise NotPageable("ORDER BY NULL orders nothing; leave it out")
    if isinstance(clause, TextClause):
        raise NotPageable(f"an order given as text cannot be read: {clause.text!r}; use columns and expressions")
    if isinstance(clause, ColumnClause) and clause.is_literal and _is_more_than_expression(clause.name):
        raise NotPageable(
            f"an order given as text has to be one expression, not {clause.name!r}; use desc() and the like"
        )
    if (members := _members(clause)) is not None:
        yield from _of_row(members, descending)
    else:
        yield clause, descending, descending if nulls_first is None else nulls_first


def _output(clause: Any, statement: AnySelect) -> Any:
    """What PostgreSQL takes a bare name or number for, in ORDER BY alone: a selected column of that name or place."""
    if not isinstance(clause, ColumnClause) or clause.table is not None:
        return None
    if clause.is_literal and _POSITION.fullmatch(clause.name):
        selected = list(statement.selected_columns)
        place = int(clause.name)
        if not 1 <= place <= len(selected):
            raise NotPageable(f"the order names column {place}, and {len(selected)} are selected")
        return selected[place - 1]
    named = [column for column in statement.selected_columns if getattr(column, "name", None) == clause.name]
    return named[0] if named and named[0] is not clause else None


def _is_more_than_expression(text: str) -> bool:
    """Whether a text is several keys, or one with its direction."""
    bare = _QUOTED.sub("''", text)
    while (inner := _INNERMOST.sub("", bare)) != bare:
        bare = inner
    return "," in bare or _DIRECTION.search(bare) is not None


def _members(clause: Any) -> Sequence[Any] | None:
    """The members of a row; None: it is none."""
    if isinstance(clause, Tuple) or (isinstance(clause, Function) and clause.name.lower() == "row"):
        return list(clause.clauses)
    return None


def _of_row(members: Sequence[Any], descending: bool) -> Iterator[Clause]:
    # A row is compared member by member, with NULL above everything; it is never NULL itself.
    for member in members:
        while isinstance(member, (Label, Grouping)):
            member = member.element
        inner = _members(member)
        if inner is None:
            yield member, descending, descending
        else:
            yield from _of_row(inner, descending)


def _one(clauses: Sequence[Any]) -> Any:
    if len(clauses) != 1:
        raise NotPageable("a composite attribute cannot take one NULLS placement; order by its columns")
    return clauses[0]


def _named(name: str, statement: AnySelect) -> ColumnElement[Any]:
    columns = statement.selected_columns
    if name not in columns:
        raise NotPageable(f"the order names {name!r}, which is not selected")
    return columns[name]
