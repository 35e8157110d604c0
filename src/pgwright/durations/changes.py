"""How long a statement takes that changes or copies many rows: UPDATE, DELETE, INSERT … SELECT, CREATE TABLE AS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pglast.stream import RawStream

from pgwright.durations import work
from pgwright.durations.selected import selected_share
from pgwright.errors import UnparsableStatement
from pgwright.model.migration import ObservedStatement, PendingMigrations
from pgwright.model.names import QualifiedName
from pgwright.model.rates import Rates
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import Schema, StatementShape, parse, read_shape
from pgwright.sqltext.nodes import ast


def change_seconds(
    statement: ObservedStatement, pending: PendingMigrations, snapshot: Snapshot, rates: Rates
) -> Iterator[float | None]:
    """Yield the seconds of a statement's work; None where the rows that it takes are unknown."""
    schema = Schema.of(snapshot)
    try:
        tree = parse(statement.text)
        shape = _shape(tree, statement.text, schema)
    except UnparsableStatement:
        yield None
        return
    if shape is None:
        yield from (_refreshed(statement, snapshot) for _ in statement.actions[:1])
    elif shape.kind in ("update", "delete") and shape.target is not None:
        yield from _changed(shape, tree, shape.target, snapshot, rates)
    elif any(one.tables for one in shape.blocks):
        query = getattr(tree, "query", None) or getattr(tree, "selectStmt", None)
        yield None if _condenses(query) else _copied(shape, snapshot, rates)


def _shape(tree: Any, text: str, schema: Schema) -> StatementShape | None:
    """Return the shape of a statement, or that of the query whose result a CREATE … AS keeps."""
    if isinstance(tree, ast.CreateTableAsStmt):
        return read_shape(RawStream()(tree.query), schema)
    return None if isinstance(tree, ast.RefreshMatViewStmt) else read_shape(text, schema)


def _changed(
    shape: StatementShape, tree: Any, target: QualifiedName, snapshot: Snapshot, rates: Rates
) -> Iterator[float | None]:
    share = selected_share(shape, tree, snapshot)
    for table in snapshot.leaves(target):
        if share is None:
            yield None
        elif shape.kind == "update":
            computed = sum(isinstance(one.val, ast.FuncCall | ast.A_Expr) for one in tree.targetList)
            rows = table.rows * share
            yield work.update_seconds(table, rows, snapshot, rates) + rows * computed * rates.row_evaluated
        else:
            yield work.delete_seconds(table, table.rows * share, snapshot, rates)


def _copied(shape: StatementShape, snapshot: Snapshot, rates: Rates) -> float | None:
    """Return how long it takes to keep the rows of one table elsewhere; None for a query of another form."""
    block = shape.blocks[0]
    if len(shape.blocks) > 1 or len(block.tables) > 1 or block.clauses or block.conditions:
        return None
    source = block.tables[0]
    taken = 0.0
    for table in snapshot.leaves(source):
        taken += work.read_seconds(table, rates)
        if shape.target is not None:
            known = snapshot.table_by_name[shape.target]
            taken += work.insert_seconds(known, table.rows, snapshot, rates)
        else:
            taken += work.copy_seconds(table, snapshot, rates)
            taken += work.large_pages(table, snapshot) * rates.large_page_copied
    return taken


def _condenses(query: Any) -> bool:
    """Tell whether a query gives fewer rows than it reads, without a condition on them."""
    names = ("groupClause", "havingClause", "distinctClause", "limitCount", "larg")
    targets = [one.val for one in getattr(query, "targetList", None) or ()]
    return any(getattr(query, name, None) for name in names) or any(isinstance(one, ast.FuncCall) for one in targets)


def _refreshed(statement: ObservedStatement, snapshot: Snapshot) -> float | None:
    """Return how long a REFRESH took on average, where the workload has it."""
    words = statement.text.split()
    same = [one for one in snapshot.statements if one.text.split() == words and one.calls]
    return same[0].mean_ms / 1000 if same else None
