"""A statement to its shape: tables, conditions, joins, order; by PostgreSQL's own parser (pglast)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pglast import parse_sql
from pglast.enums import A_Expr_Kind, BoolExprType, BoolTestType, NullTestType, SortByDir, SortByNulls
from pglast.parser import ParseError, fingerprint

from pgwright.errors import UnparsableStatement
from pgwright.model.names import QualifiedName
from pgwright.sqltext.nodes import (
    ast,
    conjuncts,
    is_catalog,
    operator_of,
    ordinal,
    subqueries,
    value_of,
    walk,
    walk_all,
)
from pgwright.sqltext.schema import Schema
from pgwright.sqltext.shape import (
    Block,
    ColumnUse,
    Condition,
    Join,
    ParameterUse,
    SortKey,
    StatementKind,
    StatementShape,
)
from pgwright.sqltext.text import repaired

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_KINDS: Mapping[type[Any], StatementKind] = {
    ast.SelectStmt: "select",
    ast.InsertStmt: "insert",
    ast.UpdateStmt: "update",
    ast.DeleteStmt: "delete",
}


def parse(text: str) -> Any:
    """Return the parse tree of one statement. Raises UnparsableStatement."""
    try:
        statements = parse_sql(repaired(text))
    except ParseError as error:
        raise UnparsableStatement(text, str(error.args[0])) from error
    if len(statements) != 1:
        raise UnparsableStatement(text, f"{len(statements)} statements where one is expected")
    return statements[0].stmt


def read_shape(text: str, schema: Schema) -> StatementShape:
    """Return what a statement asks of the tables of `schema`.

    Raises: UnparsableStatement: PostgreSQL's grammar does not accept it.
    """
    tree = parse(text)
    kind = _KINDS.get(type(tree), "other")
    reader = _Reader(schema)
    blocks = tuple(reader.blocks(tree)) if kind != "other" else ()
    target = getattr(tree, "relation", None) if kind in ("insert", "update", "delete") else None
    named = schema.find(target.schemaname, target.relname) if target is not None else None
    written = tuple(output.name for output in tree.targetList) if isinstance(tree, ast.UpdateStmt) else ()
    return StatementShape(kind, named, written, blocks, reader.reads_unknown, fingerprint(repaired(text)))


@dataclass
class _Scope:
    """What an alias means inside one block, and around it."""

    aliases: dict[str, QualifiedName | None] = field(default_factory=dict)
    """None: a subquery, function or CTE, whose columns are nobody's."""
    outer: _Scope | None = None


class _Reader:
    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self.reads_unknown = False

    def blocks(self, node: Any, outer: _Scope | None = None, names: frozenset[str] = frozenset()) -> Iterator[Block]:
        """Yield the block of a statement and those of everything nested in it; `names` are the CTEs in sight."""
        clause = getattr(node, "withClause", None)
        if clause is not None and clause.recursive:  # each sees itself and the others
            names |= {common.ctename for common in clause.ctes}
        for common in clause.ctes if clause is not None else ():
            yield from self.blocks(common.ctequery, outer, names)
            names |= {common.ctename}
        if isinstance(node, ast.SelectStmt) and node.larg is not None:
            yield from self.blocks(node.larg, outer, names)
            yield from self.blocks(node.rarg, outer, names)
            return
        scope = _Scope(outer=outer)
        parts: list[Any] = []
        sources = list(getattr(node, "fromClause", None) or ()) + list(getattr(node, "usingClause", None) or ())
        if isinstance(node, ast.UpdateStmt | ast.DeleteStmt):
            sources.insert(0, node.relation)
        for source in sources:
            self._bind(source, scope, parts, names)
        if getattr(node, "whereClause", None) is not None:
            parts.extend(conjuncts(node.whereClause))
        if scope.aliases:
            yield self._block(node, scope, parts)
        for nested in subqueries(node):
            yield from self.blocks(nested, scope, names)

    def _bind(self, source: Any, scope: _Scope, parts: list[Any], names: frozenset[str]) -> None:
        if isinstance(source, ast.RangeVar):
            is_common = source.schemaname is None and source.relname in names
            table = None if is_common else self._schema.find(source.schemaname, source.relname)
            self.reads_unknown |= table is None and not is_common and not is_catalog(source)
            scope.aliases[source.alias.aliasname if source.alias else source.relname] = table
        elif isinstance(source, ast.JoinExpr):
            self._bind(source.larg, scope, parts, names)
            self._bind(source.rarg, scope, parts, names)
            if source.quals is not None:
                parts.extend(conjuncts(source.quals))
        elif getattr(source, "alias", None) is not None:
            scope.aliases[source.alias.aliasname] = None

    def _block(self, node: Any, scope: _Scope, parts: Iterable[Any]) -> Block:
        conditions: list[Condition] = []
        joins: list[Join] = []
        for conjunct in parts:
            found = self._condition(conjunct, scope)
            if isinstance(found, Join):
                joins.append(found)
            elif found is not None:
                conditions.append(found)
        offset = getattr(node, "limitOffset", None)
        return Block(
            tables=tuple(table for table in scope.aliases.values() if table is not None),
            conditions=tuple(conditions),
            joins=tuple(joins),
            order_by=self._order(getattr(node, "sortClause", None) or (), node, scope),
            group_by=self._columns(getattr(node, "groupClause", None) or (), scope),
            outputs=tuple(dict.fromkeys(self._reads(node, scope))),
            reads_all_of=frozenset(self._stars(node, scope)),
            parameters=tuple(self._parameters(node, scope)),
            has_limit=getattr(node, "limitCount", None) is not None,
            has_offset=offset is not None,
            offset=offset.val.ival if isinstance(offset, ast.A_Const) and isinstance(offset.val, ast.Integer) else None,
        )

    def _condition(self, node: Any, scope: _Scope) -> Condition | Join | None:
        if isinstance(node, ast.NullTest):
            column = self._column(node.arg, scope)
            is_null = node.nulltesttype == NullTestType.IS_NULL
            return Condition(column, "is null" if is_null else "is not null") if column else None
        if isinstance(node, ast.BooleanTest):
            column = self._column(node.arg, scope)
            is_true = node.booltesttype in (BoolTestType.IS_TRUE, BoolTestType.IS_NOT_FALSE)
            return Condition(column, "is true" if is_true else "is false") if column else None
        if isinstance(node, ast.ColumnRef):
            column = self._column(node, scope)
            return Condition(column, "is true") if column else None
        if isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.NOT_EXPR:
            column = self._column(node.args[0], scope)
            return Condition(column, "is false") if column else None
        return self._comparison(node, scope) if isinstance(node, ast.A_Expr) else None

    def _comparison(self, node: Any, scope: _Scope) -> Condition | Join | None:
        left, right = self._column(node.lexpr, scope), self._column(node.rexpr, scope)
        symbol = node.name[-1].sval
        if left is not None and right is not None:
            is_equality = node.kind == A_Expr_Kind.AEXPR_OP and symbol == "="
            return Join(left, right) if is_equality else None
        column, other = (left, node.rexpr) if left is not None else (right, node.lexpr)
        if column is None or _has_column(other, scope):
            return None
        value, parameter = value_of(other)
        return Condition(column, operator_of(node.kind, symbol), value, parameter)

    def _parameters(self, node: Any, scope: _Scope) -> Iterator[ParameterUse]:
        for role in ("limit", "offset"):
            _, number = value_of(getattr(node, f"limit{'Count' if role == 'limit' else 'Offset'}", None))
            if number is not None:
                yield ParameterUse(number, role)
        for expression in walk_all(node, ast.A_Expr):
            left, right = self._column(expression.lexpr, scope), self._column(expression.rexpr, scope)
            column, other, symbol = left, expression.rexpr, str(expression.name[-1].sval)
            if left is None:
                column, other, symbol = right, expression.lexpr, _MIRRORED.get(symbol, symbol)
            if column is None:
                continue
            is_array = expression.kind == A_Expr_Kind.AEXPR_OP_ANY
            operator = operator_of(expression.kind, symbol)
            for value in other if isinstance(other, tuple) else (other,):
                _, number = value_of(value)
                if number is not None:
                    yield ParameterUse(number, "column", column, operator, symbol, is_array)

    def _order(self, clause: Iterable[Any], node: Any, scope: _Scope) -> tuple[SortKey, ...]:
        keys: list[SortKey] = []
        for item in clause:
            column = self._column(ordinal(item.node, node), scope)
            if column is None:
                return ()
            nulls = {SortByNulls.SORTBY_NULLS_FIRST: True, SortByNulls.SORTBY_NULLS_LAST: False}.get(item.sortby_nulls)
            keys.append(SortKey(column, item.sortby_dir == SortByDir.SORTBY_DESC, nulls))
        return tuple(keys)

    def _columns(self, nodes: Iterable[Any], scope: _Scope) -> tuple[ColumnUse, ...]:
        return tuple(column for column in (self._column(node, scope) for node in nodes) if column is not None)

    def _reads(self, node: Any, scope: _Scope) -> Iterator[ColumnUse]:
        for reference in walk(node, ast.ColumnRef):
            column = self._column(reference, scope)
            if column is not None:
                yield column

    def _stars(self, node: Any, scope: _Scope) -> Iterator[QualifiedName]:
        for reference in walk(tuple(getattr(node, "targetList", None) or ()), ast.ColumnRef):
            if isinstance(reference.fields[-1], ast.A_Star):
                wanted = reference.fields[-2].sval if len(reference.fields) > 1 else None
                yield from (t for alias, t in scope.aliases.items() if t and wanted in (None, alias))

    def _column(self, node: Any, scope: _Scope | None) -> ColumnUse | None:
        while isinstance(node, ast.TypeCast):
            node = node.arg
        if not isinstance(node, ast.ColumnRef) or scope is None or isinstance(node.fields[-1], ast.A_Star):
            return None
        name = node.fields[-1].sval
        if len(node.fields) > 1:
            table = scope.aliases.get(node.fields[-2].sval)
            return ColumnUse(table, name) if table and name in self._schema.columns[table] else None
        owners = [table for table in scope.aliases.values() if table and name in self._schema.columns[table]]
        return ColumnUse(owners[0], name) if len(owners) == 1 else None


def _has_column(node: Any, scope: _Scope) -> bool:
    """Tell whether the other side of a comparison reads a column of the same block, which is no fixed value then."""
    for reference in walk(node, ast.ColumnRef):
        if len(reference.fields) < 2 or reference.fields[-2].sval in scope.aliases:
            return True
    return False
