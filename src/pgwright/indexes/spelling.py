"""SQL expressions in one spelling, whether an app wrote them or the server printed them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pglast import ast as _ast
from pglast import parse_sql
from pglast.parser import ParseError
from pglast.stream import RawStream
from pglast.visitors import Visitor

from pgwright.model.table import Table

# Its types hold every field for optional; the grammar says which are there.
ast: Any = _ast

# Their values compare alike with and without a cast to text, which the server prints around a varchar.
TEXTS = ("text", "varchar")


def spell(expression: str, table: Table | None = None) -> str:
    """Return an expression so that the server's way to write it and an app's compare equal.

    Only what cannot change the meaning is dropped: parentheses, `::text` of a string, and of a column that is text or
    varchar; of a column whose type is not known too.

    >>> spell("((payload ->> 'kind'::text))") == spell("payload->>'kind'")
    True
    """
    text, columns = _without_casts(expression)
    if table is not None and not all(is_text(table, column) for column in columns):
        return _plain(expression)
    return text


def is_text(table: Table | None, column: str) -> bool:
    """Tell whether a column is text or varchar, or not known."""
    known = table.column_by_name.get(column) if table is not None else None
    return known is None or known.base_type in TEXTS


@lru_cache(maxsize=8192)
def tree_of(expression: str) -> Any:
    """Return the parse tree of an expression; None when it is none, or nested too deep."""
    try:
        return parse_sql(f"SELECT {expression}")[0].stmt.targetList[0].val  # type: ignore[union-attr]
    except (ParseError, RecursionError):
        return None


def text_of(node: Any) -> str | None:
    """Return a node as SQL; None when the printer does not know it."""
    try:
        return RawStream()(node)
    except (NotImplementedError, RecursionError):
        return None


def column_of(node: Any) -> str | None:
    """Return the column that a node names."""
    if isinstance(node, ast.ColumnRef) and isinstance(node.fields[-1], ast.String):
        return str(node.fields[-1].sval)
    return None


def type_of(cast: Any) -> str | None:
    """Return the type that a cast names, `text[]` for an array; None when it has a length."""
    name = cast.typeName
    return None if name.typmods else f"{name.names[-1].sval}{'[]' * len(name.arrayBounds or ())}"


@lru_cache(maxsize=8192)
def _plain(expression: str) -> str:
    return _rewritten(expression, lambda tree: None)


@lru_cache(maxsize=8192)
def _without_casts(expression: str) -> tuple[str, frozenset[str]]:
    """Return the expression without casts to text, and the columns that lost one."""
    visitor = _WithoutCasts()
    text = _rewritten(expression, lambda tree: visitor(tree))
    return text, frozenset(visitor.columns)


def _rewritten(expression: str, rewrite: Callable[[Any], object]) -> str:
    try:
        tree = parse_sql(f"SELECT {expression}")
        rewrite(tree)
        return RawStream()(tree).removeprefix("SELECT ")
    except (ParseError, NotImplementedError, RecursionError):
        return expression


class _WithoutCasts(Visitor):
    """Drops casts to text of strings and of columns."""

    def __init__(self) -> None:
        self.columns: set[str] = set()

    def visit_TypeCast(self, ancestors: object, node: Any) -> object:  # noqa: N802
        if type_of(node) != "text":
            return None
        column = column_of(node.arg)
        if column is not None:
            self.columns.add(column)
        is_string = isinstance(node.arg, ast.A_Const) and isinstance(node.arg.val, ast.String)
        return node.arg if column is not None or is_string else None
