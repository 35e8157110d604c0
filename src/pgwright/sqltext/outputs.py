"""The columns that a block puts out, and what a filter or a join from outside reaches through them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgwright.model.names import QualifiedName
from pgwright.sqltext.expressions import is_aggregate
from pgwright.sqltext.nodes import ast, walk
from pgwright.sqltext.scope import UNKNOWN, ColumnOrigin, Derived, Scope


def outputs(node: Any, scope: Scope) -> Derived:
    """Return what a SELECT, or the RETURNING of a write, puts out."""
    if not isinstance(node, ast.SelectStmt) or node.valuesLists:
        return UNKNOWN
    names: list[str] = []
    columns: dict[str, tuple[ColumnOrigin, ...]] = {}
    is_ordered, is_complete = True, True
    for target in node.targetList or ():
        reference = target.val
        if isinstance(reference, ast.ColumnRef) and isinstance(reference.fields[-1], ast.A_Star):
            wanted = reference.fields[-2].sval if len(reference.fields) > 1 else None
            sources = [alias for alias in (*scope.tables, *scope.derived) if wanted in (None, alias)]
            columns.update((name, scope.place_of(alias, name)) for name, alias in scope.names_of(sources).items())
            is_complete &= all(scope.derived[alias].is_complete for alias in sources if alias in scope.derived)
            is_ordered = False
            continue
        name = target.name or _name_of(reference)
        names.append(name)
        columns[name] = scope.places(reference) if isinstance(reference, ast.ColumnRef) else ()
    derived = Derived(tuple(names) if is_ordered and len(set(names)) == len(names) else (), columns, is_complete)
    calls = list(walk(tuple(node.targetList or ()), ast.FuncCall))
    if node.limitCount is not None or any(call.over is not None for call in calls):
        return derived.closed()
    if node.groupClause or node.havingClause is not None or any(is_aggregate(call) for call in calls):
        return derived.filtered(scope.draft.group_by)
    return derived.filtered() if node.distinctClause else derived


def _name_of(node: Any) -> str:
    if isinstance(node, ast.ColumnRef):
        return str(node.fields[-1].sval)
    if isinstance(node, ast.FuncCall):
        return str(node.funcname[-1].sval)
    if isinstance(node, ast.TypeCast):
        return _name_of(node.arg) if isinstance(node.arg, ast.ColumnRef) else str(node.typeName.names[-1].sval)
    return "?column?"


def visited(node: Any, scope: Scope) -> Iterator[QualifiedName]:
    """Yield the tables whose rows a statement changes or locks."""
    if isinstance(node, ast.UpdateStmt | ast.DeleteStmt | ast.MergeStmt):
        alias = node.relation.alias.aliasname if node.relation.alias is not None else node.relation.relname
        yield from (table for name, table in scope.tables.items() if name == alias)
    for lock in getattr(node, "lockingClause", None) or ():
        named = {relation.relname for relation in lock.lockedRels or ()}
        yield from (table for name, table in scope.tables.items() if not named or name in named)


def stars(node: Any, scope: Scope) -> Iterator[QualifiedName]:
    """Yield the tables of which `*` is selected."""
    for reference in walk(tuple(getattr(node, "targetList", None) or ()), ast.ColumnRef):
        if isinstance(reference.fields[-1], ast.A_Star):
            wanted = reference.fields[-2].sval if len(reference.fields) > 1 else None
            yield from (table for alias, table in scope.tables.items() if wanted in (None, alias))
