"""Forms of a query that cost much whatever indexes there are, and that can be written otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pglast.enums import BoolExprType, CTEMaterialize, SetOperation, SubLinkType

from pgwright.errors import UnparsableStatement
from pgwright.sqltext.expressions import function_name, is_aggregate
from pgwright.sqltext.nodes import ast, disjuncts, everything, walk
from pgwright.sqltext.reader import parse

Form = Literal[
    "correlated subquery", "common table", "not in", "or over tables", "distinct over join", "aggregate of everything",
    "function of each row",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class CostlyForm:
    form: Form
    part: str = ""
    """The common table or the function, as the query names it."""


def costly_forms(text: str) -> tuple[CostlyForm, ...]:
    """Return the costly forms that a query shows, each once; of what its text does not show nothing is said.

    Raises: UnparsableStatement: PostgreSQL's grammar does not accept it, or it is nested too deeply.
    """
    tree = parse(text)
    try:
        return tuple(dict.fromkeys(_forms(tree, tuple(everything((tree,))))))
    except RecursionError as error:
        raise UnparsableStatement(text, "it is nested too deeply to be read") from error


def _forms(tree: Any, nodes: tuple[Any, ...]) -> Iterator[CostlyForm]:
    queries = [node for node in nodes if isinstance(node, ast.SelectStmt)]
    if any(isinstance(node, ast.SubLink) and _is_correlated(node) for node in nodes):
        yield CostlyForm("correlated subquery")
    yield from (CostlyForm("common table", name) for name in _read_again(nodes))
    if any(_is_not_in(node) for node in nodes):
        yield CostlyForm("not in")
    if any(_is_over_tables(node) for node in nodes):
        yield CostlyForm("or over tables")
    if any(_is_distinct_over_join(query) for query in queries):
        yield CostlyForm("distinct over join")
    if _is_of_everything(tree):
        yield CostlyForm("aggregate of everything")
    yield from (CostlyForm("function of each row", name) for query in queries for name in _filtering(query))


def _is_correlated(link: Any) -> bool:
    """Tell whether a subquery for one value names a table around it; EXISTS and IN are joined by the planner."""
    if link.subLinkType != SubLinkType.EXPR_SUBLINK:
        return False
    inside = tuple(everything((link.subselect,)))
    named = {name for node in inside if (name := _source_name(node)) is not None}
    return any(isinstance(node, ast.ColumnRef) and _qualifiers(node) - named for node in inside)


def _source_name(node: Any) -> str | None:
    """Return the name under which a source of FROM is known."""
    given = getattr(node, "alias", None)
    if given is not None and hasattr(given, "aliasname"):
        return str(given.aliasname)
    return str(node.relname) if isinstance(node, ast.RangeVar) else None


def _qualifiers(reference: Any) -> set[str]:
    """Return the table that a column is said to be of."""
    fields = reference.fields
    return {str(fields[-2].sval)} if len(fields) > 1 and isinstance(fields[-2], ast.String) else set()


def _tables_of(node: Any) -> set[str]:
    """Return the tables whose columns an expression names, subqueries aside."""
    return {name for reference in walk((node,), ast.ColumnRef) for name in _qualifiers(reference)}


def _read_again(nodes: tuple[Any, ...]) -> Iterator[str]:
    """Yield the common tables that are named more than once; PostgreSQL computes those apart, without statistics."""
    uses = Counter(node.relname for node in nodes if isinstance(node, ast.RangeVar) and node.schemaname is None)
    for node in nodes:
        if isinstance(node, ast.CommonTableExpr) and node.ctematerialized != CTEMaterialize.CTEMaterializeNever:
            inside = everything((node.ctequery,))
            own = sum(isinstance(one, ast.RangeVar) and one.relname == node.ctename for one in inside)
            if uses[node.ctename] - own > 1:
                yield str(node.ctename)


def _is_not_in(node: Any) -> bool:
    if isinstance(node, ast.SubLink):
        operator = node.operName[-1].sval if node.operName else ""
        return node.subLinkType == SubLinkType.ALL_SUBLINK and str(operator) == "<>"
    if not (isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.NOT_EXPR):
        return False
    denied = node.args[0]
    is_any = isinstance(denied, ast.SubLink) and denied.subLinkType == SubLinkType.ANY_SUBLINK
    return is_any and (not denied.operName or denied.operName[-1].sval == "=")


def _is_over_tables(node: Any) -> bool:
    """Tell whether each branch of an OR is about one table, and they are about several; a subquery is one, too."""
    if not (isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.OR_EXPR):
        return False
    links = [next(walk((branch,), ast.SubLink), None) for branch in disjuncts(node)]
    if any(link is not None for link in links) and any(link is None for link in links):
        return True
    tables = [_tables_of(branch) for branch in disjuncts(node)]
    return all(len(each) == 1 for each in tables) and len(set.union(*tables)) > 1


def _is_distinct_over_join(query: Any) -> bool:
    """Tell whether rows of one table are made distinct again that a join has multiplied."""
    if not query.distinctClause or query.distinctClause[0] is not None:
        return False
    sources = list(walk(tuple(query.fromClause or ()), _SOURCES))
    references = list(walk(tuple(query.targetList or ()), ast.ColumnRef))
    named = {name for reference in references for name in _qualifiers(reference)}
    return len(sources) > 1 and len(named) == 1 and all(map(_qualifiers, references))


_SOURCES = (ast.RangeVar, ast.RangeSubselect, ast.RangeFunction)


def _is_of_everything(query: Any) -> bool:
    """Tell whether a query computes its answer from all rows of its tables."""
    if not isinstance(query, ast.SelectStmt) or query.op != SetOperation.SETOP_NONE or query.whereClause is not None:
        return False
    if next(walk(tuple(query.fromClause or ()), ast.RangeVar), None) is None:
        return False
    calls = walk(tuple(query.targetList or ()), ast.FuncCall)
    return any(call.over is None and is_aggregate(call) for call in calls)


def _filtering(query: Any) -> Iterator[str]:
    """Yield the functions that a filter calls with columns."""
    for call in walk((query.whereClause,), ast.FuncCall):
        if not is_aggregate(call) and next(walk(tuple(call.args or ()), ast.ColumnRef), None) is not None:
            yield function_name(call)
