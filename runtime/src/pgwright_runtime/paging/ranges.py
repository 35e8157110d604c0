"""The rows after a cursor, as conditions that an index on the sort keys can serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BinaryExpression, ColumnElement, Text, and_, cast, false, literal, null, or_, tuple_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.types import Boolean, UserDefinedType

from pgwright_runtime.paging.cursors import Cursor
from pgwright_runtime.paging.keys import SortKey
from pgwright_runtime.paging.operands import operand

Condition = ColumnElement[bool]
Value = ColumnElement[Any] | None


class _ServerType(UserDefinedType[Any]):
    """A type as the server names it."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


@compiles(_ServerType)
def _compile_server_type(element: _ServerType, compiler: Any, **_: Any) -> str:
    # A type's name may hold a "%", which psycopg would take for a parameter.
    return element.name.replace("%", "%%") if compiler.dialect.paramstyle == "pyformat" else element.name


def ranges_after(keys: Sequence[SortKey], cursor: Cursor) -> list[Condition]:
    """Return the ranges of the order after a cursor: disjoint, first range first.

    A page reads them one after the other until it is full, nearly always one. Each is a stretch of an index on the
    keys: one row comparison if nothing is NULL and all keys run the same way, else `a >= x AND (a <> x OR …)`, with
    the leading values that the last page shared as equalities, so that a long tie is not read again from its start.
    """
    values = [
        None if value is None else cast(literal(value, Text), _ServerType(name))
        for value, name in zip(cursor.values, cursor.types, strict=True)
    ]
    return _ranges(keys, values, cursor.shared, cursor.is_inclusive)


def _ranges(keys: Sequence[SortKey], values: Sequence[Value], shared: int, inclusive: bool) -> list[Condition]:
    if _is_row(keys, values):
        return [_row(keys, values, inclusive)]
    key, value, is_last = keys[0], values[0], len(keys) == 1
    if shared > 0 and not is_last:
        tied = _ranges(keys[1:], values[1:], shared - 1, inclusive)
        return [*(and_(_same(key, value), condition) for condition in tied), *_beyond(key, value)]
    if is_last:
        return [_same(key, value), *_beyond(key, value)] if inclusive else _beyond(key, value)
    rest = _after(keys[1:], values[1:], inclusive)
    if value is None:
        return [and_(_same(key, None), rest), *_beyond(key, None)]
    # "<>" says no more than ">" after ">=", but the planner would take ">" for a second filter and expect few rows.
    within = and_(_compare(key, value, "="), or_(_operate(operand(key.expression), "<>", value), rest))
    return [within, *_beyond(key, value)[1:]]


def _after(keys: Sequence[SortKey], values: Sequence[Value], inclusive: bool) -> Condition:
    """The rows after the values, in one condition."""
    if _is_row(keys, values):
        return _row(keys, values, inclusive)
    key, value = keys[0], values[0]
    conditions = _beyond(key, value)
    if len(keys) > 1:
        conditions.append(and_(_same(key, value), _after(keys[1:], values[1:], inclusive)))
    elif inclusive:
        conditions.append(_same(key, value))
    return or_(false(), *conditions)


def _beyond(key: SortKey, value: Value) -> list[Condition]:
    """The rows strictly after one value: the values, and then the NULLs if they come last."""
    if value is None:
        return [_null(key, operators.is_distinct_from)] if key.nulls_first else []
    larger = [_compare(key, value)]
    return [*larger, _same(key, None)] if key.is_nullable and not key.nulls_first else larger


def _same(key: SortKey, value: Value) -> Condition:
    if value is None:
        return _null(key, operators.is_not_distinct_from)
    return _operate(operand(key.expression), "=", value)


def _null(key: SortKey, operator: Any) -> Condition:
    # IS NULL would also hold for a composite value whose fields are all NULL, which is no NULL to ORDER BY.
    return BinaryExpression(operand(key.expression), null(), operator, type_=Boolean())


def _compare(key: SortKey, value: ColumnElement[Any], or_equal: str = "") -> Condition:
    return _operate(operand(key.expression), ("<" if key.is_descending else ">") + or_equal, value)


def _is_row(keys: Sequence[SortKey], values: Sequence[Value]) -> bool:
    return (
        len({key.is_descending for key in keys}) == 1
        and not any(key.is_nullable for key in keys)
        and not any(value is None for value in values)
    )


def _row(keys: Sequence[SortKey], values: Sequence[Value], inclusive: bool) -> Condition:
    sign = ("<" if keys[0].is_descending else ">") + ("=" if inclusive else "")
    if len(keys) == 1 and values[0] is not None:
        return _operate(operand(keys[0].expression), sign, values[0])
    left = tuple_(*(operand(key.expression) for key in keys))
    return _operate(left, sign, tuple_(*(value for value in values if value is not None)))


def _operate(left: ColumnElement[Any], sign: str, right: ColumnElement[Any]) -> Condition:
    # Built by hand: a type of the app's own may have changed what Python's operators, and `op()`, mean.
    return BinaryExpression(left, right, operators.custom_op(sign, is_comparison=True), type_=Boolean())
