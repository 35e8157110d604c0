"""A sort key's expression as a part of others: what stands around it has no say in how it is read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Operand(FunctionElement[Any]):
    """An expression in parentheses.

    A function to SQLAlchemy, which names those where it puts the statement into a subquery (a joined load of a
    collection, with LIMIT) and orders by the name; of a cast, say, it takes the column's name, and orders by that.
    """

    name = "pgwright_sort_key"
    inherit_cache = True

    def __init__(self, expression: ColumnElement[Any]) -> None:
        super().__init__(expression)
        self.type = expression.type


def operand(expression: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the expression as it may stand beside any operator, in ORDER BY or in WHERE."""
    return expression if isinstance(expression, Column) else _Operand(expression)


@compiles(_Operand)
def _compile_operand(element: _Operand, compiler: SQLCompiler, **options: Any) -> str:
    (expression,) = element.clauses
    return f"({compiler.process(expression, **options)})"
