"""The nodes of PostgreSQL's parse tree: walking them, and what single ones mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pglast import ast as _ast
from pglast.enums import A_Expr_Kind, BoolExprType

from pgwright.sqltext.shape import Operator

# Its types hold every field for optional; the grammar says which are there.
ast: Any = _ast

# What `walk` does not enter; a list of constants may hold a hundred thousand.
_ENDS = (ast.SelectStmt, ast.WithClause, ast.A_Const, ast.String, ast.ParamRef)
_RANGE = {"<", "<=", ">", ">="}
_EQUAL: Mapping[str, Operator] = {"=": "=", "<>": "<>"}


def conjuncts(node: Any) -> Iterator[Any]:
    if isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.AND_EXPR:
        for part in node.args:
            yield from conjuncts(part)
    else:
        yield node


def disjuncts(node: Any) -> Iterator[Any]:
    if isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.OR_EXPR:
        for part in node.args:
            yield from disjuncts(part)
    else:
        yield node


def bare(node: Any) -> Any:
    """Return a node without the casts around it."""
    while isinstance(node, ast.TypeCast):
        node = node.arg
    return node


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
    node = bare(node)
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
    return name.startswith("pg_") or name in ("alembic_version", "pgwright_refreshes")


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


@cache
def _links(kind: Any) -> tuple[str, ...]:
    """Return the fields of a type of node that may hold further nodes: pointers in C, and the union of constants."""
    slots: Mapping[str, Any] = kind.__slots__
    return tuple(name for name, slot in slots.items() if slot.c_type.endswith("*") or slot.c_type == "ValUnion")


def children(node: Any) -> Iterator[Any]:
    """Yield the nodes and lists directly below one."""
    if isinstance(node, tuple | list):
        yield from node
    elif isinstance(node, ast.Node):
        for name in _links(node.__class__):
            child = getattr(node, name, None)
            if isinstance(child, ast.Node | tuple):
                yield child


def walk(node: Any, wanted: type[Any] | tuple[type[Any], ...]) -> Iterator[Any]:
    """Yield all nodes of a type inside one block; nested SELECTs are left to their own block."""
    for child in children(node):
        if isinstance(child, wanted):
            yield child
        elif not isinstance(child, _ENDS):
            yield from walk(child, wanted)


def walk_all(node: Any, wanted: type[Any]) -> Iterator[Any]:
    """As `walk`, and inside what it finds."""
    for found in walk(node, wanted):
        yield found
        yield from walk_all(found, wanted)


def subqueries(node: Any) -> Iterator[Any]:
    for child in children(node):
        if isinstance(child, ast.SelectStmt):
            yield child
        elif not isinstance(child, ast.WithClause | ast.A_Const | ast.String):
            yield from subqueries(child)


def everything(node: Any) -> Iterator[Any]:
    """Yield all nodes below one, nested SELECTs too."""
    for child in children(node):
        if isinstance(child, ast.Node):
            yield child
        if not isinstance(child, ast.A_Const | ast.String):
            yield from everything(child)
