"""SQL expressions in one spelling, whether an app wrote them or the server printed them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pglast import ast as _ast
from pglast import parse_sql
from pglast.enums import A_Expr_Kind
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

    Only what cannot change the meaning is dropped: parentheses, and `::text` of strings and of columns that are text or
    varchar; without the table, of any column.

    >>> spell("((payload ->> 'kind'::text))") == spell("payload->>'kind'")
    True
    """
    text, columns = _rewritten(expression, False)
    if columns and all(is_text(table, column) for column in columns):
        return _rewritten(expression, True)[0]
    return text


def is_text(table: Table | None, column: str) -> bool:
    """Tell whether a column is text or varchar, or not known."""
    known = table.column_by_name.get(column) if table is not None else None
    return known is None or known.base_type in TEXTS


@lru_cache(maxsize=8192)
def tree_of(expression: str) -> Any:
    """Return the parse tree of an expression; None when it is none, or nested too deep."""
    try:
        statements: Any = parse_sql(f"SELECT {expression}")
    except (ParseError, RecursionError):
        return None
    outputs: Any = statements[0].stmt.targetList if len(statements) == 1 else None
    return outputs[0].val if outputs is not None and len(outputs) == 1 else None


def text_of(node: Any) -> str:
    """Return a node as SQL.

    Raises: NotImplementedError: the printer does not know it. RecursionError: it is nested too deep.
    """
    return RawStream()(node)


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
def _rewritten(expression: str, columns_too: bool) -> tuple[str, frozenset[str]]:
    """Return the expression in the printer's words, without casts to text, and the columns that are cast to it."""
    rewrite = _Rewrite(columns_too)
    try:
        tree = parse_sql(f"SELECT {expression}")
        rewrite(tree)
        return RawStream()(tree).removeprefix("SELECT "), frozenset(rewrite.columns)
    except (ParseError, NotImplementedError, RecursionError):
        return expression, frozenset()


class _Rewrite(Visitor):
    """Drops casts to text of strings, and of columns too where asked; writes LIKE as the operator that it is."""

    def __init__(self, columns_too: bool) -> None:
        self._columns_too = columns_too
        self.columns: set[str] = set()

    def visit_TypeCast(self, ancestors: object, node: Any) -> object:  # noqa: N802
        if type_of(node) != "text":
            return None
        column = column_of(node.arg)
        if column is not None:
            self.columns.add(column)
            return node.arg if self._columns_too else None
        is_string = isinstance(node.arg, ast.A_Const) and isinstance(node.arg.val, ast.String)
        return node.arg if is_string else None

    def visit_A_Expr(self, ancestors: object, node: Any) -> None:  # noqa: N802
        if node.kind in (A_Expr_Kind.AEXPR_LIKE, A_Expr_Kind.AEXPR_ILIKE):
            node.kind = A_Expr_Kind.AEXPR_OP
