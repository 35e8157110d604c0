"""What a block sorts by: ORDER BY, GROUP BY, DISTINCT, windows, min() and max(), distances of vectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pglast.enums import A_Expr_Kind, SortByDir, SortByNulls

from pgwright.sqltext.expressions import function_name, index_text, is_aggregate
from pgwright.sqltext.nodes import ast, ordinal, walk, walk_all
from pgwright.sqltext.scope import Scope
from pgwright.sqltext.shape import ColumnUse, Distance, Expression, Ordering, SortKey

_NULLS = {SortByNulls.SORTBY_NULLS_FIRST: True, SortByNulls.SORTBY_NULLS_LAST: False}


def read_order(node: Any, scope: Scope) -> None:
    """Fill in all of a draft that concerns order."""
    draft = scope.draft
    sort = [(ordinal(item.node, node), item) for item in getattr(node, "sortClause", None) or ()]
    keys = [_key(found, item, scope) for found, item in sort]
    whole = [key for key in keys if key is not None]
    draft.order_by = tuple(whole) if len(whole) == len(keys) else ()
    draft.orderings += _prefix(keys, "order")
    groups = [ordinal(item, node) for item in _grouped(getattr(node, "groupClause", None) or ())]
    columns = [scope.column(item) for item in groups]
    draft.group_by = tuple(column for column in columns if column is not None)
    if len({column.table for column in draft.group_by}) == 1 and None not in columns:
        draft.orderings += _prefix([SortKey(column) for column in draft.group_by], "group")
    _read_distinct(node, scope)
    for found, _ in sort:
        _read_distance(found, scope)
    for found in [one for one, _ in sort[:1]] + groups:
        _read_expression(found, scope)
    for call in walk_all(node, ast.FuncCall):
        _read_call(call, node, scope)


def _key(found: Any, item: Any, scope: Scope) -> SortKey | None:
    column = scope.column(found) if isinstance(found, ast.ColumnRef) else None
    if column is None:
        return None
    return SortKey(column, item.sortby_dir == SortByDir.SORTBY_DESC, _NULLS.get(item.sortby_nulls))


def _prefix(keys: Iterable[SortKey | None], purpose: Any) -> list[Ordering]:
    """Return the first keys as far as they are columns of one table."""
    found: list[SortKey] = []
    for key in keys:
        if key is None or (found and key.column.table != found[0].column.table):
            break
        if all(key.column != other.column for other in found):
            found.append(key)
    return [Ordering(tuple(found), purpose)] if found else []


def _grouped(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        if isinstance(item, ast.GroupingSet):
            yield from _grouped(item.content or ())
        elif isinstance(item, ast.RowExpr):
            yield from item.args
        else:
            yield item


def _read_distinct(node: Any, scope: Scope) -> None:
    clause = getattr(node, "distinctClause", None)
    if not clause:
        return
    targets = clause if clause[0] is not None else [target.val for target in node.targetList or ()]
    columns = [scope.column(ordinal(item, node)) for item in targets]
    keys = [SortKey(column) if column is not None else None for column in columns]
    if len({column.table for column in columns if column is not None}) == 1:
        scope.draft.orderings += _prefix(keys, "distinct")


def _read_distance(found: Any, scope: Scope) -> None:
    if not isinstance(found, ast.A_Expr) or found.kind != A_Expr_Kind.AEXPR_OP:
        return
    for side, other in ((found.lexpr, found.rexpr), (found.rexpr, found.lexpr)):
        column = scope.column(side)
        if column is not None and next(walk((other,), ast.ColumnRef), None) is None:
            scope.draft.distances.append(Distance(column, str(found.name[-1].sval)))


def _read_expression(found: Any, scope: Scope) -> None:
    if not isinstance(found, ast.FuncCall | ast.A_Expr | ast.TypeCast | ast.CoalesceExpr):
        return
    owner = scope.owner(found)
    text = index_text(found) if owner in scope.tables else None
    if text is not None and owner is not None:
        columns = tuple(dict.fromkeys(r.fields[-1].sval for r in walk((found,), ast.ColumnRef)))
        cast_to = str(found.typeName.names[-1].sval) if isinstance(found, ast.TypeCast) else None
        scope.draft.expressions.append(Expression(scope.tables[owner], text, columns, "order", cast_to=cast_to))


def _read_call(call: Any, node: Any, scope: Scope) -> None:
    if call.over is not None:
        window = _window(call.over, node)
        partition = [_plain(scope.column(item)) for item in window.partitionClause or ()]
        order = [_key(item.node, item, scope) for item in window.orderClause or ()]
        scope.draft.orderings += _prefix(partition + order, "window")
    elif is_aggregate(call) and function_name(call) in ("min", "max") and not getattr(node, "groupClause", None):
        scope.draft.orderings += _prefix([_plain(scope.column(item)) for item in call.args or ()], "extreme")


def _plain(column: ColumnUse | None) -> SortKey | None:
    return SortKey(column) if column is not None else None


def _window(over: Any, node: Any) -> Any:
    named = over.name or over.refname
    for window in getattr(node, "windowClause", None) or ():
        if window.name == named and over.partitionClause is None and over.orderClause is None:
            return window
    return over
