"""A comparison whose one side hides a column from the indexes on it."""

from __future__ import annotations

from typing import Any

from pglast.enums import A_Expr_Kind

from pgwright.model.names import QualifiedName
from pgwright.sqltext.expressions import bare_text, function_name
from pgwright.sqltext.nodes import ast, bare, walk
from pgwright.sqltext.shape import ColumnUse, Operator, Wrapped

# A B-tree on the column would serve these, were it compared itself.
_SERVED: tuple[Operator, ...] = ("=", "in", "range")
_ARITHMETIC = ("+", "-", "*", "/")


def wrapped(node: Any, table: QualifiedName, operator: Operator) -> Wrapped | None:
    """Return the one column of a table that a side of a comparison hides; None where it hides none, or several."""
    names = {str(getattr(reference.fields[-1], "sval", "*")) for reference in walk((node,), ast.ColumnRef)}
    if operator not in _SERVED or len(names) != 1 or not _is_wrapping(node):
        return None
    text = bare_text(node)
    if text is None:
        return None
    is_cast = isinstance(node, ast.TypeCast) and isinstance(bare(node), ast.ColumnRef)
    call = next(walk((node,), ast.FuncCall), None)
    return Wrapped(
        ColumnUse(table, names.pop()),
        text,
        operator,
        function=function_name(call) if call is not None else "",
        cast_to=str(node.typeName.names[-1].sval) if is_cast else None,
    )


def _is_wrapping(node: Any) -> bool:
    """Tell whether a value could stand on its other side instead; of JSON, arrays and the like none can."""
    if isinstance(node, ast.A_Expr):
        return node.kind == A_Expr_Kind.AEXPR_OP and node.name[-1].sval in _ARITHMETIC
    return isinstance(node, ast.FuncCall | ast.TypeCast | ast.CoalesceExpr)
