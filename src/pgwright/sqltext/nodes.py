"""The nodes of PostgreSQL's parse tree: walking them, and what single ones mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pglast import ast as _ast
from pglast.enums import A_Expr_Kind, BoolExprType

from pgwright.sqltext.shape import Operator

# Its types hold every field for optional; the grammar says which are there.
ast: Any = _ast

_RANGE = {"<", "<=", ">", ">="}
_EQUAL: Mapping[str, Operator] = {"=": "=", "<>": "<>"}


def conjuncts(node: Any) -> Iterator[Any]:
    if isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.AND_EXPR:
        for part in node.args:
            yield from conjuncts(part)
    else:
        yield node


def operator_of(kind: int, symbol: str) -> Operator:
    if kind == A_Expr_Kind.AEXPR_IN:
        return "in" if symbol == "=" else "other"
    if kind == A_Expr_Kind.AEXPR_OP_ANY:
        return "in" if symbol == "=" else "other"
    if kind == A_Expr_Kind.AEXPR_BETWEEN:
        return "range"
    if kind in (A_Expr_Kind.AEXPR_LIKE, A_Expr_Kind.AEXPR_ILIKE):
        return "like" if kind == A_Expr_Kind.AEXPR_LIKE and symbol == "~~" else "other"
    if kind != A_Expr_Kind.AEXPR_OP:
        return "other"
    if symbol in _RANGE:
        return "range"
    return _EQUAL.get(symbol, "other")


def value_of(node: Any) -> tuple[str | None, int | None]:
    while isinstance(node, ast.TypeCast):
        node = node.arg
    if isinstance(node, ast.ParamRef):
        return None, node.number
    if isinstance(node, ast.A_Const) and not node.isnull:
        value = node.val
        for attribute in ("sval", "ival", "fval", "boolval", "bsval"):
            if hasattr(value, attribute):
                return str(getattr(value, attribute)), None
    return None, None


def is_catalog(source: Any) -> bool:
    if source.schemaname in ("pg_catalog", "information_schema"):
        return True
    name: str = source.relname
    return name.startswith("pg_") or name == "alembic_version"


def ordinal(node: Any, statement: Any) -> Any:
    """Return the output column that `ORDER BY 2` means, or that `ORDER BY name` names by its alias."""
    outputs = getattr(statement, "targetList", None) or ()
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.Integer) and 0 < node.val.ival <= len(outputs):
        return outputs[node.val.ival - 1].val
    if isinstance(node, ast.ColumnRef) and len(node.fields) == 1:
        for output in outputs:
            if getattr(output, "name", None) == getattr(node.fields[0], "sval", None):
                return output.val
    return node


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, tuple | list):
        yield from node
    elif isinstance(node, ast.Node):
        for name in node.__slots__:
            child = getattr(node, name, None)
            if isinstance(child, ast.Node | tuple):
                yield child


def walk(node: Any, wanted: type[Any]) -> Iterator[Any]:
    """Yield all nodes of a type inside one block; nested SELECTs are left to their own block."""
    for child in _children(node):
        if isinstance(child, wanted):
            yield child
        elif not isinstance(child, ast.SelectStmt | ast.WithClause):
            yield from walk(child, wanted)


def walk_all(node: Any, wanted: type[Any]) -> Iterator[Any]:
    """As `_walk`, and inside what it finds."""
    for found in walk(node, wanted):
        yield found
        yield from walk_all(found, wanted)


def subqueries(node: Any) -> Iterator[Any]:
    for child in _children(node):
        if isinstance(child, ast.SelectStmt):
            yield child
        elif not isinstance(child, ast.WithClause):
            yield from subqueries(child)
