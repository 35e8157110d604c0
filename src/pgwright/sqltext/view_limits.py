"""What a statement does with a table that it could not do with a view of it, though the view takes all writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pgwright.model.names import QualifiedName, quote
from pgwright.sqltext.nodes import ast, children, everything
from pgwright.sqltext.reader import parse
from pgwright.sqltext.schema import Schema

_SYSTEM_COLUMNS = {"ctid", "xmin", "xmax", "cmin", "cmax"}
_REQUESTS = (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt)


def needs_a_table(text: str, schema: Schema, tables: Mapping[QualifiedName, tuple[str, ...]]) -> str | None:
    """Return why a statement fails, or goes past the view, when views of these tables come first on its search path.

    Args:
        tables: the columns of their primary keys.
    Returns: None where it works, and for what is no SELECT, INSERT, UPDATE or DELETE.
    Raises: UnparsableStatement.
    """
    nodes = list(everything((parse(text),)))
    if not any(isinstance(node, _REQUESTS) for node in nodes):
        return None
    named = [(node, schema.find(node.schemaname, node.relname)) for node in nodes if isinstance(node, ast.RangeVar)]
    mine = [(node, table) for node, table in named if table in tables]
    if not mine:
        return None
    return next(_reasons(nodes, mine, schema, tables), None)


def _reasons(
    nodes: list[Any], mine: list[tuple[Any, Any]], schema: Schema, keys: Mapping[QualifiedName, tuple[str, ...]]
) -> Iterator[str]:
    for node, table in mine:
        if node.schemaname is not None:
            yield f"it names the schema of {table}, and so goes past the view"
    for node in nodes:
        if isinstance(node, ast.InferClause) and node.conname:
            yield f"a view has no constraint {quote(node.conname)} for ON CONFLICT"
        elif isinstance(node, ast.ColumnRef) and getattr(node.fields[-1], "sval", "") in _SYSTEM_COLUMNS:
            yield f"a view has no {node.fields[-1].sval}"
        elif isinstance(node, ast.SelectStmt) and node.groupClause:
            yield from _grouped(node, {table: keys[table] for _, table in mine}, schema)


def _grouped(select: Any, keys: Mapping[QualifiedName, tuple[str, ...]], schema: Schema) -> Iterator[str]:
    """Yield where GROUP BY names the primary key for all columns of its table, which a view has none of."""
    grouped = set(_names(select.groupClause, lambda node: False))
    shown = set(_names(select.targetList or (), lambda node: isinstance(node, ast.FuncCall))) - grouped
    for table, key in keys.items():
        if key and grouped.issuperset(key) and shown & schema.columns[table]:
            yield f"GROUP BY names a key of {table}, and by that all of its columns, which no view allows"


def _names(nodes: Any, leaves_out: Callable[[Any], bool]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.ColumnRef):
            yield getattr(node.fields[-1], "sval", "*")
        elif not leaves_out(node):
            yield from _names(children(node), leaves_out)
