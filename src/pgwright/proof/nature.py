"""What in the text of a statement keeps its results from being equal by nature, and what can be compared in spite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pglast.stream import RawStream

from pgwright.errors import UnparsableStatement
from pgwright.sqltext import parse
from pgwright.sqltext.expressions import function_name
from pgwright.sqltext.nodes import ast, everything

# Stable inside one transaction, and other in the next, or in another database.
CHANGING = {
    "now", "transaction_timestamp", "statement_timestamp", "age", "current_database", "current_catalog",
    "pg_backend_pid", "txid_current", "pg_current_xact_id", "inet_client_port", "pg_postmaster_start_time",
    "current_setting",
}  # fmt: skip
_UNORDERED = {
    "array_agg", "json_agg", "jsonb_agg", "json_arrayagg", "json_agg_strict", "jsonb_agg_strict", "xmlagg",
}  # fmt: skip
_JOINED = {"string_agg", "array_to_string"}
# Which of equal rows is first, or next: rank and dense_rank give equals the same.
_AMONG_EQUALS = {"row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value"}


@dataclass(frozen=True)
class Nature:
    """Places are those of output columns, negative ones from the last where a `*` stands before."""

    functions: tuple[tuple[int, frozenset[str]], ...]
    """Places, with the functions that are called there."""
    unordered: frozenset[int]
    """Places of arrays and documents whose elements stand in no order."""
    elsewhere: frozenset[str]
    """Functions that are called outside of the output."""
    picks: str | None
    """What takes one of several equal rows: a LIMIT, DISTINCT ON, a window; None where nothing does."""
    uncut: str | None
    """The statement without LIMIT, OFFSET and DISTINCT ON; None where it has none."""


def read_nature(text: str) -> Nature:
    """Return what its text tells. Raises UnparsableStatement."""
    tree = parse(text)
    targets = list(_targets(tree))
    called = {place: frozenset(_functions(target)) for place, target in targets}
    return Nature(
        functions=tuple(called.items()),
        unordered=frozenset(place for place, target in targets if _is_unordered(target)),
        elsewhere=frozenset(_functions(_without_output(tree))),
        picks=_picks(tree),
        uncut=_uncut(tree),
    )


def _targets(tree: Any) -> Iterator[tuple[int, Any]]:
    """Yield the output columns with their places, as far as those are sure."""
    while isinstance(tree, ast.SelectStmt) and tree.larg is not None:
        tree = tree.larg
    every = getattr(tree, "targetList" if isinstance(tree, ast.SelectStmt) else "returningList", None)
    if not isinstance(every, Sequence):
        return
    stars = [place for place, target in enumerate(every) if _is_star(target)]
    for place, target in enumerate(every):
        if not stars or place < stars[0]:
            yield place, target
        elif place > stars[-1]:
            yield place - len(every), target


def _is_star(target: Any) -> bool:
    value = target.val
    return isinstance(value, ast.ColumnRef) and isinstance(value.fields[-1], ast.A_Star)


def _without_output(tree: Any) -> tuple[Any, ...]:
    if not isinstance(tree, ast.SelectStmt) or tree.larg is not None:
        return (tree,)
    names = ("fromClause", "whereClause", "groupClause", "havingClause", "sortClause", "withClause", "windowClause")
    return tuple(part for name in names if (part := getattr(tree, name)) is not None)


def _functions(node: Any) -> Iterator[str]:
    """Yield the functions that are called in a node, those that SQL writes as words too: CURRENT_DATE."""
    for one in everything((node,)):
        if isinstance(one, ast.FuncCall):
            yield function_name(one)
        elif isinstance(one, ast.SQLValueFunction):
            yield "now"


def _is_unordered(target: Any) -> bool:
    call = target.val
    return isinstance(call, ast.FuncCall) and function_name(call) in _UNORDERED and not call.agg_order


def _picks(tree: Any) -> str | None:
    for node in everything((tree,)):
        if isinstance(node, ast.SelectStmt):
            if node.limitCount is not None or node.limitOffset is not None:
                return "LIMIT"
            if any(node.distinctClause or ()):
                return "DISTINCT ON"
        if isinstance(node, ast.FuncCall):
            name = function_name(node)
            if node.over is not None and (name in _AMONG_EQUALS or node.over.orderClause):
                return f"{name}() OVER"
            if name in _JOINED | _UNORDERED:
                return f"{name}()"
    return None


def _uncut(tree: Any) -> str | None:
    whole = deepcopy(tree)
    is_cut = False
    for node in everything((whole,)):
        if isinstance(node, ast.SelectStmt):
            is_cut |= node.limitCount is not None or node.limitOffset is not None or any(node.distinctClause or ())
            node.limitCount = node.limitOffset = None
            if any(node.distinctClause or ()):
                node.distinctClause = None
    if not is_cut or not isinstance(whole, ast.SelectStmt):
        return None
    try:
        text = str(RawStream()(whole))
        parse(text)
    except (NotImplementedError, UnparsableStatement):  # what the printer does not know
        return None
    return text
