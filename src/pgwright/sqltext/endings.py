"""What becomes of the rows that a query finds: all returned, only the first ones, or condensed into fewer."""

from __future__ import annotations

from typing import Any

from pglast.enums import SetOperation

from pgwright.sqltext.expressions import function_name, is_aggregate
from pgwright.sqltext.nodes import ast, bare, everything, walk
from pgwright.sqltext.reader import parse


def ends_early(text: str) -> bool:
    """Tell whether a query takes the first rows only, anywhere, or returns groups or aggregates in place of rows.

    Raises: UnparsableStatement.

    >>> ends_early("SELECT a FROM t FETCH FIRST 5 ROWS ONLY"), ends_early("SELECT a FROM t WHERE b = $1")
    (True, False)
    """
    tree: Any = parse(text)
    calls = walk(tuple(getattr(tree, "targetList", None) or ()), ast.FuncCall)
    if getattr(tree, "groupClause", None) or any(call.over is None and is_aggregate(call) for call in calls):
        return True
    queries = (node for node in everything((tree,)) if isinstance(node, ast.SelectStmt))
    return any(query.limitCount is not None for query in queries)


def condenses(text: str) -> bool:
    """Tell whether a query returns fewer rows than it finds: groups, aggregates, distinct rows, windows, sets.

    Raises: UnparsableStatement.

    >>> condenses("SELECT 1 FROM t WHERE a = (SELECT max(a) FROM t)"), condenses("SELECT lower(a) FROM t LIMIT 1")
    (True, False)
    """
    return any(_condenses(node) for node in everything((parse(text),)))


def is_count(text: str) -> bool:
    """Tell whether a query returns one number: how many rows there are.

    Raises: UnparsableStatement.

    >>> is_count("SELECT count(*) FROM t WHERE a = $1"), is_count("SELECT a, count(*) FROM t GROUP BY a")
    (True, False)
    """
    tree: Any = parse(text)
    if not isinstance(tree, ast.SelectStmt) or tree.groupClause or len(tree.targetList or ()) != 1:
        return False
    call = bare(tree.targetList[0].val)
    return isinstance(call, ast.FuncCall) and call.over is None and function_name(call) == "count"


def _condenses(node: Any) -> bool:
    if isinstance(node, ast.FuncCall):
        return node.over is not None or is_aggregate(node)
    if not isinstance(node, ast.SelectStmt):
        return False
    is_set = node.op != SetOperation.SETOP_NONE and not node.all
    return is_set or bool(node.groupClause or node.distinctClause)
