"""The conjuncts of WHERE and ON to conditions, joins, lookups, expressions and clauses of their blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pglast.enums import A_Expr_Kind, BoolExprType, BoolTestType, NullTestType, SubLinkType
from pglast.stream import RawStream

from pgwright.sqltext.expressions import index_text, is_long
from pgwright.sqltext.nodes import ast, bare, conjuncts, disjuncts, operator_of, value_of, walk
from pgwright.sqltext.scope import ColumnOrigin, Derived, Scope
from pgwright.sqltext.shape import Clause, Condition, Expression, Join, Operator
from pgwright.sqltext.wrapped import wrapped

MIRRORED = {
    "<": ">", "<=": ">=", ">": "<", ">=": "<=", "@>": "<@", "<@": "@>", "<<": ">>", ">>": "<<", "%>": "<%", "<%": "%>",
}  # fmt: skip
# More branches than these tell nothing new about which index helps.
_MOST_BRANCHES = 16
_CLAUSES = (ast.A_Expr, ast.NullTest, ast.BooleanTest, ast.BoolExpr, ast.ColumnRef)

Read = Callable[[Any, Scope], Derived]


class Conditions:
    """Reads the conjuncts of one block.

    Args:
        scope: of the block, with all its sources.
        read: reads a subquery of the block and returns its columns.
    """

    def __init__(self, scope: Scope, read: Read) -> None:
        self._scope = scope
        self._draft = scope.draft
        self._read = read

    def add(self, conjunct: Any) -> None:
        if isinstance(conjunct, ast.SubLink):
            self._add_membership(conjunct)
        elif isinstance(conjunct, ast.BoolExpr) and conjunct.boolop == BoolExprType.OR_EXPR:
            self._add_alternatives(conjunct)
        else:
            simple = self._simple(conjunct)
            if simple is not None:
                self._place(*simple)
            elif isinstance(conjunct, ast.A_Expr):
                self._add_comparison(conjunct)
            self._add_cast(conjunct)
        self._add_clause(conjunct)

    def _place(self, places: Iterable[ColumnOrigin], condition: Callable[[ColumnOrigin], Condition]) -> None:
        for place in places:
            if self._scope.is_own(place):
                self._draft.conditions.append(condition(place))
            elif not self._scope.is_around(place):
                place.draft.lookups.append(condition(place))  # the planner pushes the filter down into the subquery

    def _simple(self, node: Any) -> tuple[tuple[ColumnOrigin, ...], Callable[[ColumnOrigin], Condition]] | None:
        """Return the column and the condition, where a conjunct compares one column with a value."""
        operator: Operator
        if isinstance(node, ast.NullTest):
            operator = "is null" if node.nulltesttype == NullTestType.IS_NULL else "is not null"
            found = self._scope.places(node.arg)
        elif isinstance(node, ast.BooleanTest):
            is_true = node.booltesttype in (BoolTestType.IS_TRUE, BoolTestType.IS_NOT_FALSE)
            operator, found = ("is true" if is_true else "is false"), self._scope.places(node.arg)
        elif isinstance(node, ast.ColumnRef):
            operator, found = "is true", self._scope.places(node)
        elif isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.NOT_EXPR:
            operator, found = "is false", self._scope.places(node.args[0])
        elif isinstance(node, ast.A_Expr):
            return self._compared(node)
        else:
            return None
        return (found, lambda place: Condition(place.use, operator)) if found else None

    def _compared(self, node: Any) -> tuple[tuple[ColumnOrigin, ...], Callable[[ColumnOrigin], Condition]] | None:
        if isinstance(bare(node.lexpr), ast.RowExpr):
            return None
        left, right = self._scope.places(node.lexpr), self._scope.places(node.rexpr)
        symbol, kind = str(node.name[-1].sval), node.kind
        other = node.rexpr if left else node.lexpr
        if bool(left) == bool(right) or next(walk((other,), ast.ColumnRef), None) is not None:
            return None
        if right:
            symbol = MIRRORED.get(symbol, symbol)
        operator = operator_of(kind, symbol)
        if right and kind == A_Expr_Kind.AEXPR_OP_ANY:  # $1 = ANY (tags): no index of tags serves it
            operator, symbol = "other", f"{symbol} any"
        value, parameter = value_of(other)
        said = symbol if operator == "other" else ""
        return left or right, lambda place: Condition(place.use, operator, value, parameter, said)

    def _add_comparison(self, node: Any) -> None:
        symbol = str(node.name[-1].sval)
        if isinstance(node.lexpr, ast.RowExpr) and node.kind == A_Expr_Kind.AEXPR_IN:
            for column in node.lexpr.args:
                self._place(self._scope.places(column), lambda place: Condition(place.use, "in"))
        for left, right in _pairs(node.lexpr, node.rexpr):
            ours, theirs = self._scope.places(left), self._scope.places(right)
            is_equality = node.kind in (A_Expr_Kind.AEXPR_OP, A_Expr_Kind.AEXPR_NOT_DISTINCT) and symbol == "="
            operator = operator_of(node.kind, symbol)
            if ours and theirs and is_equality:
                self._join(ours, theirs)
            elif operator in ("=", "in", "range"):
                for places, other in ((ours, right), (theirs, left)):
                    self._look_up(places, other, operator)
            if not ours and not theirs:
                self._add_expression(left, right, node, symbol)
                self._add_expression(right, left, node, MIRRORED.get(symbol, symbol))
            elif not ours or not theirs:
                inner, other = (left, right) if not ours else (right, left)
                self._add_expression(inner, other, node, symbol if not ours else MIRRORED.get(symbol, symbol))

    def _join(self, ours: Iterable[ColumnOrigin], theirs: Iterable[ColumnOrigin]) -> None:
        for one in ours:
            for other in theirs:
                if one.draft is other.draft and one.alias == other.alias:
                    continue  # a comparison inside one row
                for place in (one, other):
                    if place.is_joinable:
                        place.draft.joins.append(Join(one.use, other.use))

    def _look_up(self, places: Iterable[ColumnOrigin], other: Any, operator: Operator) -> None:
        for place in places:
            read = [p for reference in walk((other,), ast.ColumnRef) for p in self._scope.places(reference)]
            if place.is_joinable and not any(p.draft is place.draft and p.alias == place.alias for p in read):
                place.draft.lookups.append(Condition(place.use, operator))

    def _add_membership(self, node: Any) -> None:
        """Read `a IN (SELECT b …)` as a join of a and b."""
        if node.subLinkType != SubLinkType.ANY_SUBLINK or (node.operName and node.operName[-1].sval != "="):
            return
        inner = self._read(node.subselect, self._scope)
        tested = node.testexpr.args if isinstance(node.testexpr, ast.RowExpr) else (node.testexpr,)
        for i, part in enumerate(tested):
            ours = self._scope.places(part)
            theirs = inner.columns[inner.names[i]] if i < len(inner.names) else ()
            if theirs:
                self._join(ours, theirs)
            for place in ours:
                if place.is_joinable and not any(t.is_joinable for t in theirs):
                    place.draft.lookups.append(Condition(place.use, "="))

    def _add_alternatives(self, node: Any) -> None:
        """Read the branches of an OR; what stands in all of them holds as a conjunct, as the planner has it too."""
        branches = [list(conjuncts(branch)) for branch in disjuncts(node)]
        common = self._common(branches)
        for part in common.values():
            self.add(part)
        for branch in branches[:_MOST_BRANCHES]:
            found = []
            for part in branch:
                simple = self._simple(part)
                if simple is not None:
                    found += [simple[1](place) for place in simple[0] if self._scope.is_own(place)]
                    self._add_cast(part)
                elif isinstance(part, ast.A_Expr):
                    self._add_expression(part.lexpr, part.rexpr, part, str(part.name[-1].sval))
            if found:
                self._draft.branches.append(tuple(found))

    def _common(self, branches: list[list[Any]]) -> dict[str, Any]:
        common: dict[str, Any] | None = None
        for branch in branches:
            if common is not None and not common:
                break
            texts = {RawStream()(part): part for part in branch}
            common = texts if common is None else {text: part for text, part in common.items() if text in texts}
        return common or {}

    def _add_expression(self, inner: Any, other: Any, node: Any, symbol: str) -> None:
        """Note an expression on one table that is compared with what does not read that row."""
        if inner is None or isinstance(inner, tuple | ast.ColumnRef | ast.A_Const | ast.ParamRef | ast.SubLink):
            return
        owner = self._scope.owner(inner)
        if owner is None or owner not in self._scope.tables:
            return
        read = [p for reference in walk((other,), ast.ColumnRef) for p in self._scope.places(reference)]
        if any(self._scope.is_own(p) and p.alias == owner for p in read):
            return
        self._note(inner, owner, node, symbol, other)

    def _note(self, inner: Any, owner: str, node: Any, symbol: str, other: Any) -> None:
        if next(walk((other,), ast.ColumnRef), None) is None:
            hidden = wrapped(inner, self._scope.tables[owner], operator_of(node.kind, symbol))
            self._draft.wrapped += [hidden] if hidden is not None else []
        text = index_text(inner)
        if text is None:
            return
        columns = tuple(dict.fromkeys(r.fields[-1].sval for r in walk((inner,), ast.ColumnRef)))
        operator = operator_of(node.kind, symbol)
        value, _ = value_of(other)
        is_cast = isinstance(inner, ast.TypeCast) and isinstance(bare(inner), ast.ColumnRef)
        cast_to = str(inner.typeName.names[-1].sval) if is_cast else None
        said = symbol if operator == "other" else ""
        table = self._scope.tables[owner]
        self._draft.expressions.append(Expression(table, text, columns, "condition", operator, said, value, cast_to))

    def _add_cast(self, node: Any) -> None:
        """Note `at::date = $1` too, which reads as a condition on the column but needs an index on the cast."""
        cast = getattr(node, "lexpr", None)
        if isinstance(cast, ast.TypeCast) and isinstance(bare(cast), ast.ColumnRef):
            owner = self._scope.owner(cast)
            if owner is not None and owner in self._scope.tables:
                self._note(cast, owner, node, str(node.name[-1].sval), node.rexpr)

    def _add_clause(self, node: Any) -> None:
        if not isinstance(node, _CLAUSES) or is_long(node):
            return
        owner = self._scope.owner(node)
        if owner is None or owner not in self._scope.tables:
            return
        text = index_text(node)
        if text is not None:
            columns = tuple(dict.fromkeys(r.fields[-1].sval for r in walk((node,), ast.ColumnRef)))
            self._draft.clauses.append((Clause(self._scope.tables[owner], text, columns, ()), node))


def _pairs(left: Any, right: Any) -> Iterator[tuple[Any, Any]]:
    """Yield what is compared with what: of two rows each column with its partner."""
    if isinstance(left, ast.RowExpr) and isinstance(right, ast.RowExpr) and len(left.args) == len(right.args):
        yield from zip(left.args, right.args, strict=True)
    else:
        yield left, right
