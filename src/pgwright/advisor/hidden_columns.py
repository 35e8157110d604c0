"""Columns that a cast, a function or a collation hides from their indexes, as the plans that are left show them.

The planner compares what the plan says: also a cast that nobody wrote, where the value's type is wider than the
column's. What a new index serves is no longer here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from pgwright.advisor.candidates.use import STRINGS, is_worth_indexing
from pgwright.advisor.field import Field
from pgwright.advisor.pricer import members
from pgwright.errors import UnparsableStatement
from pgwright.figures import share
from pgwright.model.names import QualifiedName, quote
from pgwright.model.table import Column, Table
from pgwright.sqltext import parse
from pgwright.sqltext.expressions import index_text
from pgwright.sqltext.nodes import ast, bare, conjuncts, walk
from pgwright.twin.plans import nodes

_MOST_STATEMENTS, _MOST_SAID = 30, 8
# Below this share of the planned cost that is left nobody would notice.
_NOTABLE = 0.001
_CONDITIONS = ("Filter", "Join Filter", "Hash Cond", "Merge Cond")
_COMPARED = {"=", "<", "<=", ">", ">=", "<>", "~~", "~~*"}
_INTO_DOCUMENTS = {"->", "->>", "#>", "#>>"}
_TIMES = {"timestamp", "timestamptz"}
_TIME_FUNCTIONS = {"date", "date_trunc", "date_part", "extract", "to_char"}


@dataclass(frozen=True)
class _Hidden:
    table: QualifiedName
    expression: str
    instead: str


def hidden_columns(field: Field, chosen: int) -> Iterator[str]:
    """Yield in sentences what no index serves for that reason, with what to write instead, the dearest first."""
    plans = field.plans(chosen)
    left = {
        position: sum(field.pricer.queries[query].weight * plans[query].cost for query in queries)
        for position, queries in field.queries_of.items()
    }
    total = sum(left.values()) or 1.0
    dearest = sorted((one for one in left if left[one] >= _NOTABLE * total), key=lambda one: -left[one])
    found: dict[_Hidden, list[int]] = {}
    field.twin.enable(field.candidates[number] for number in members(chosen))
    for position in dearest[:_MOST_STATEMENTS]:
        query = field.pricer.queries[field.queries_of[position][0]]
        try:
            root = field.twin.explained(query.text, query.values, role=query.role)[0]["Plan"]
        except psycopg.Error:  # planned a moment ago
            continue
        for one in dict.fromkeys(_in_plan(root, field)):
            found.setdefault(one, []).append(field.queries_of[position][0])
    for one, queries in list(found.items())[:_MOST_SAID]:
        yield (
            f"No index on a column serves {one.table.short} by {one.expression}, in statements with "
            f"{share(field.share_of_time(queries))} of the workload's time: {one.instead}"
        )


def _in_plan(root: Mapping[str, Any], field: Field) -> Iterator[_Hidden]:
    """Yield the hidden columns of tables that are read whole."""
    by_alias: dict[str, Table] = {}
    for node in nodes(root):
        if node["Node Type"] == "Seq Scan":
            same = [table for table in field.snapshot.tables if table.name.name == node["Relation Name"]]
            if same and is_worth_indexing(same[0]):
                by_alias[node["Alias"]] = same[0]
    for node in nodes(root):
        own = by_alias.get(node.get("Alias", "")) if node["Node Type"] == "Seq Scan" else None
        for text in (node[name] for name in _CONDITIONS if name in node):
            yield from _in_condition(text, own, by_alias)


def _in_condition(text: str, own: Table | None, by_alias: Mapping[str, Table]) -> Iterator[_Hidden]:
    try:
        where = parse(f"SELECT WHERE {text}").whereClause
    except UnparsableStatement:
        return
    for part in conjuncts(where):
        if isinstance(part, ast.A_Expr) and part.name and part.name[-1].sval in _COMPARED:
            for side, other in ((part.lexpr, part.rexpr), (part.rexpr, part.lexpr)):
                references = list(walk((side,), ast.ColumnRef)) if not isinstance(side, tuple) else []
                if len(references) != 1 or isinstance(side, ast.ColumnRef):
                    continue
                names = _names(references[0])
                table = by_alias.get(names[-2]) if len(names) > 1 else own
                column = table.column_by_name.get(names[-1]) if table is not None else None
                if table is None or column is None or names in map(_names, _read(other)):
                    continue
                instead = _instead(side, column, is_join=bool(_read(other)))
                if instead:
                    yield _Hidden(table.name, index_text(side) or names[-1], instead)


def _names(reference: Any) -> list[str]:
    return [getattr(field, "sval", "*") for field in reference.fields]


def _read(node: Any) -> list[Any]:
    return list(walk((node,), ast.ColumnRef))


def _instead(side: Any, column: Column, *, is_join: bool) -> str:
    """Return what to write in the place of an expression on a column; "" where an index on the column serves it."""
    name = quote(column.name)
    if isinstance(side, ast.CollateClause):
        return f"it is compared under another collation; leave COLLATE out, or index {name} with that collation."
    if isinstance(side, ast.TypeCast) and isinstance(bare(side), ast.ColumnRef):
        wanted = str(side.typeName.names[-1].sval)
        if wanted == column.base_type or {wanted, column.base_type} <= STRINGS - {"citext", "bpchar"}:
            return ""
        if is_join:
            return f"the joined columns have different types; give both the type {column.type}, or {wanted}."
        if wanted == "date" and column.base_type in _TIMES:
            return f"compare a range: {name} >= $1 AND {name} < $1 + 1."
        return f"{name} is cast to {wanted} for the comparison; give the value the column's type: $1::{column.type}."
    if isinstance(side, ast.CoalesceExpr):
        return f"write {name} = $1 OR {name} IS NULL, or index the expression."
    if isinstance(side, ast.FuncCall):
        if str(side.funcname[-1].sval) in _TIME_FUNCTIONS and column.base_type in _TIMES:
            return f"compare a range: {name} >= $1 AND {name} < $2."
        return "compare the column itself, or index the expression, if its functions are IMMUTABLE and never fail."
    if isinstance(side, ast.A_Expr) and side.name[-1].sval in _INTO_DOCUMENTS:
        return "index the expression, or search the document by @>."
    if isinstance(side, ast.A_Expr):
        return f"bring {name} alone to one side of the comparison."
    return ""
