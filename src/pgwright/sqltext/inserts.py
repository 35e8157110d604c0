"""An INSERT: which columns it fills, and what it takes for a conflict."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pglast import parse_sql
from pglast.parser import ParseError

from pgwright.model.migration import RelationRef
from pgwright.sqltext.nodes import ast, walk
from pgwright.sqltext.text import is_too_deep


@dataclass(frozen=True)
class InsertedRow:
    """What an INSERT says of the rows that it adds."""

    table: RelationRef
    columns: tuple[str, ...]
    """() where it names none, and fills them in their order."""
    conflict_columns: tuple[str, ...] = ()
    """Of ON CONFLICT (a, b)."""
    conflict_constraint: str = ""
    """Of ON CONFLICT ON CONSTRAINT."""


@lru_cache(maxsize=4096)
def read_insert(text: str) -> InsertedRow | None:
    """Return the first INSERT of a statement; None where it has none, or the parser does not take it.

    >>> read_insert("INSERT INTO note (id, title) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING").conflict_columns
    ('id',)
    """
    if "insert" not in text.lower() or "\0" in text or is_too_deep(text):
        return None
    try:
        statements = parse_sql(text)
    except (ParseError, UnicodeError, RecursionError):
        return None
    found = next((node for one in statements for node in _inserts(one.stmt)), None)
    return None if found is None else _row(found)


def _inserts(node: Any) -> list[Any]:
    return [node] if isinstance(node, ast.InsertStmt) else list(walk(node, ast.InsertStmt))


def _row(node: Any) -> InsertedRow:
    table = RelationRef(node.relation.relname, node.relation.schemaname or "")
    columns = tuple(one.name for one in node.cols or ())
    target = node.onConflictClause.infer if node.onConflictClause is not None else None
    if target is None:
        return InsertedRow(table, columns)
    elements = tuple(one.name or "" for one in target.indexElems or ())
    return InsertedRow(table, columns, elements, target.conname or "")
