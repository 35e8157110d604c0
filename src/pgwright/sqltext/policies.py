"""The policies of a schema as pg_dump writes it, and the functions that they call anew for each row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pglast import parse_sql
from pglast.parser import ParseError
from pglast.stream import RawStream
from pglast.visitors import Visitor

from pgwright.model.names import QualifiedName, quote
from pgwright.sqltext.expressions import function_name
from pgwright.sqltext.nodes import ast, walk

_POLICY = re.compile(r"^CREATE POLICY .*?;$", re.MULTILINE | re.DOTALL)
# Of the functions without a schema, which are PostgreSQL's own, the one that policies call and that takes time.
_SETTING = "current_setting"


@dataclass(frozen=True, slots=True)
class RowCalls:
    """What one policy calls for each row, though it is the same for all of them."""

    table: QualifiedName
    policy: str
    functions: tuple[str, ...]
    condition: str
    """Its USING as SQL text."""
    remedy: str
    """ALTER POLICY with each call in a subquery, which the server runs once a statement."""


def row_calls(schema_sql: str) -> Iterator[RowCalls]:
    """Yield the policies that call a function without a column of the row, outside any subquery."""
    for found in _POLICY.finditer(schema_sql):
        try:
            (statement,) = parse_sql(found[0])
            one = _row_calls(statement.stmt)
        except (ParseError, RecursionError, NotImplementedError, ValueError):  # a semicolon in a text ends a line
            continue
        if one is not None:
            yield one


def _row_calls(policy: Any) -> RowCalls | None:
    calls = list(_same_for_all(policy.qual)) if policy.qual is not None else []
    if not calls or policy.table.schemaname is None:
        return None
    table = QualifiedName(policy.table.schemaname, policy.table.relname)
    condition = RawStream()(policy.qual)
    _Once(calls)(policy)
    name = quote(policy.policy_name)
    return RowCalls(
        table,
        policy.policy_name,
        tuple(dict.fromkeys(".".join(quote(part.sval) for part in call.funcname) for call in calls)),
        condition,
        f"ALTER POLICY {name} ON {table} USING ({RawStream()(policy.qual)})",
    )


def _same_for_all(node: Any) -> Iterator[Any]:
    """Yield the calls of the user's own functions, and of `current_setting`, that depend on no row."""
    for call in walk((node,), (ast.FuncCall, ast.SubLink)):
        if isinstance(call, ast.SubLink):
            continue
        arguments = tuple(call.args or ())
        if next(walk(arguments, (ast.ColumnRef, ast.SubLink)), None) is not None:
            yield from _same_for_all(arguments)
        elif function_name(call) == _SETTING or _is_own(call):
            yield call


def _is_own(call: Any) -> bool:
    """Tell whether a function is the user's: pg_dump writes the schema of those only."""
    return len(call.funcname) > 1 and call.funcname[0].sval != "pg_catalog"


class _Once(Visitor):
    """Puts calls into subqueries."""

    def __init__(self, calls: list[Any]) -> None:
        self._left = {id(call) for call in calls}

    def visit_FuncCall(self, ancestors: object, node: Any) -> object:  # noqa: N802
        if id(node) not in self._left:
            return None
        self._left.discard(id(node))
        link: Any = parse_sql("SELECT (SELECT 1)")[0].stmt.targetList[0].val  # type: ignore[union-attr]
        link.subselect.targetList[0].val = node
        return link
