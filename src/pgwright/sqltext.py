"""SQL text to what it asks for: tables, conditions, joins, order; by PostgreSQL's own parser (pglast)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pglast import ast as _ast
from pglast import parse_sql
from pglast.enums import A_Expr_Kind, BoolExprType, BoolTestType, NullTestType, SortByDir, SortByNulls
from pglast.parser import ParseError
from pglast.parser import fingerprint as _fingerprint

from pgwright.errors import UnparsableStatement
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot

# Its types hold every field for optional; the grammar says which are there.
ast: Any = _ast

StatementKind = Literal["select", "insert", "update", "delete", "other"]
Operator = Literal["=", "in", "range", "like", "is null", "is not null", "is true", "is false", "<>", "other"]
_RANGE = {"<", "<=", ">", ">="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
# Comments and parentheses may lead.
_PLANNED = re.compile(
    r"(?:\s|\(|/\*.*?\*/|--[^\n]*\n)*(?:select|with|insert|update|delete|merge|values|table)\b",
    re.IGNORECASE | re.DOTALL,
)
_KINDS: Mapping[type[Any], StatementKind] = {
    ast.SelectStmt: "select",
    ast.InsertStmt: "insert",
    ast.UpdateStmt: "update",
    ast.DeleteStmt: "delete",
}


@dataclass(frozen=True, slots=True)
class ColumnUse:
    table: QualifiedName
    column: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A column compared with a value: one conjunct of WHERE or ON."""

    column: ColumnUse
    operator: Operator
    value: str | None = None
    """The constant, where the statement names one."""
    parameter: int | None = None
    """n of `$n`, where it is a parameter."""


@dataclass(frozen=True, slots=True)
class ParameterUse:
    """Where `$n` stands: compared with a column, or as LIMIT or OFFSET."""

    number: int
    role: Literal["column", "limit", "offset"]
    column: ColumnUse | None = None
    operator: Operator = "other"
    symbol: str = ""
    """The comparison as written with the column on the left: `<`, `>=`, …"""
    is_array: bool = False
    """True for `= ANY ($n)`: the parameter holds several values."""


@dataclass(frozen=True, slots=True)
class Join:
    """Two columns of different tables (or of two roles of one table) that must be equal."""

    left: ColumnUse
    right: ColumnUse


@dataclass(frozen=True, slots=True)
class SortKey:
    column: ColumnUse
    is_descending: bool = False
    nulls_first: bool | None = None
    """None: the default of the direction."""


@dataclass(frozen=True)
class Block:
    """One level of a statement: a SELECT, a subquery, or the WHERE of an UPDATE or DELETE."""

    tables: tuple[QualifiedName, ...]
    conditions: tuple[Condition, ...]
    """Conjuncts only: what stands below OR or NOT is not listed."""
    joins: tuple[Join, ...]
    order_by: tuple[SortKey, ...]
    """Empty when any sort key is no plain column of one table."""
    group_by: tuple[ColumnUse, ...]
    outputs: tuple[ColumnUse, ...]
    """Every column that the block reads, wherever it stands; without the tables in `reads_all_of`."""
    reads_all_of: frozenset[QualifiedName]
    """Tables of which `*` is selected."""
    parameters: tuple[ParameterUse, ...]
    """Every parameter whose meaning is known, below OR and NOT too."""
    has_limit: bool
    has_offset: bool
    offset: int | None = None
    """The constant, where the statement names one."""


@dataclass(frozen=True)
class StatementShape:
    kind: StatementKind
    target: QualifiedName | None
    """The table that it writes."""
    written: tuple[str, ...]
    """The columns that an UPDATE sets."""
    blocks: tuple[Block, ...]
    reads_unknown: bool
    """True when it names a relation that the schema does not list: a view, say, or a dropped table."""
    fingerprint: str
    """Equal for statements that differ in constants only."""

    @property
    def tables(self) -> frozenset[QualifiedName]:
        found = {table for block in self.blocks for table in block.tables}
        return frozenset(found | ({self.target} if self.target else set()))


@dataclass(frozen=True)
class Schema:
    """The tables and columns that names in a statement may mean."""

    columns: Mapping[QualifiedName, frozenset[str]]
    search_path: tuple[str, ...] = ("public",)

    @classmethod
    def of(cls, snapshot: Snapshot) -> Schema:
        """Return the tables of a snapshot, with its search path."""
        columns = {table.name: frozenset(table.column_by_name) for table in snapshot.tables}
        setting = snapshot.setting_by_name.get("search_path")
        raw = [part.strip().strip('"') for part in setting.raw.split(",")] if setting else []
        path = [snapshot.server.role if part == "$user" else part for part in raw]
        return cls(columns, tuple(path) or ("public",))

    @cached_property
    def _by_name(self) -> dict[str, list[QualifiedName]]:
        grouped: dict[str, list[QualifiedName]] = {}
        for table in self.columns:
            grouped.setdefault(table.name, []).append(table)
        return grouped

    def find(self, schema: str | None, name: str) -> QualifiedName | None:
        """Return the table that a name means, by the search path; a name that only one schema has is found there."""
        if schema is not None:
            full = QualifiedName(schema, name)
            return full if full in self.columns else None
        candidates = self._by_name.get(name, [])
        for path in self.search_path:
            if QualifiedName(path, name) in candidates:
                return QualifiedName(path, name)
        return candidates[0] if len(candidates) == 1 else None


def has_plan(text: str) -> bool:
    """Tell by its first word whether a statement is planned at all; SAVEPOINT, SET, COPY or DDL are not.

    >>> has_plan("/* app */ select 1"), has_plan("RELEASE $1")
    (True, False)
    """
    return _PLANNED.match(text) is not None


def parse(text: str) -> Any:
    """Return the parse tree of one statement. Raises UnparsableStatement."""
    try:
        statements = parse_sql(text)
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
    return StatementShape(kind, named, written, blocks, reader.reads_unknown, _fingerprint(text))


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
        for common in clause.ctes if clause is not None else ():
            yield from self.blocks(common.ctequery, outer, names)
            names |= {common.ctename}
        if isinstance(node, ast.SelectStmt) and node.larg is not None:
            yield from self.blocks(node.larg, outer, names)
            yield from self.blocks(node.rarg, outer, names)
            return
        scope = _Scope(outer=outer)
        conjuncts: list[Any] = []
        sources = list(getattr(node, "fromClause", None) or ()) + list(getattr(node, "usingClause", None) or ())
        if isinstance(node, ast.UpdateStmt | ast.DeleteStmt):
            sources.insert(0, node.relation)
        for source in sources:
            self._bind(source, scope, conjuncts, names)
        if getattr(node, "whereClause", None) is not None:
            conjuncts.extend(_conjuncts(node.whereClause))
        if scope.aliases:
            yield self._block(node, scope, conjuncts)
        for nested in _subqueries(node):
            yield from self.blocks(nested, scope, names)

    def _bind(self, source: Any, scope: _Scope, conjuncts: list[Any], names: frozenset[str]) -> None:
        if isinstance(source, ast.RangeVar):
            is_common = source.schemaname is None and source.relname in names
            table = None if is_common else self._schema.find(source.schemaname, source.relname)
            self.reads_unknown |= table is None and not is_common and not _is_catalog(source)
            scope.aliases[source.alias.aliasname if source.alias else source.relname] = table
        elif isinstance(source, ast.JoinExpr):
            self._bind(source.larg, scope, conjuncts, names)
            self._bind(source.rarg, scope, conjuncts, names)
            if source.quals is not None:
                conjuncts.extend(_conjuncts(source.quals))
        elif getattr(source, "alias", None) is not None:
            scope.aliases[source.alias.aliasname] = None

    def _block(self, node: Any, scope: _Scope, conjuncts: Iterable[Any]) -> Block:
        conditions: list[Condition] = []
        joins: list[Join] = []
        for conjunct in conjuncts:
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
        value, parameter = _value(other)
        return Condition(column, _operator(node.kind, symbol), value, parameter)

    def _parameters(self, node: Any, scope: _Scope) -> Iterator[ParameterUse]:
        for role in ("limit", "offset"):
            _, number = _value(getattr(node, f"limit{'Count' if role == 'limit' else 'Offset'}", None))
            if number is not None:
                yield ParameterUse(number, role)  # type: ignore[arg-type]
        for expression in _walk_all(node, ast.A_Expr):
            left, right = self._column(expression.lexpr, scope), self._column(expression.rexpr, scope)
            column, other, symbol = left, expression.rexpr, str(expression.name[-1].sval)
            if left is None:
                column, other, symbol = right, expression.lexpr, _MIRRORED.get(symbol, symbol)
            if column is None:
                continue
            is_array = expression.kind == A_Expr_Kind.AEXPR_OP_ANY
            operator = _operator(expression.kind, symbol)
            for value in other if isinstance(other, tuple) else (other,):
                _, number = _value(value)
                if number is not None:
                    yield ParameterUse(number, "column", column, operator, symbol, is_array)

    def _order(self, clause: Iterable[Any], node: Any, scope: _Scope) -> tuple[SortKey, ...]:
        keys: list[SortKey] = []
        for item in clause:
            column = self._column(_ordinal(item.node, node), scope)
            if column is None:
                return ()
            nulls = {SortByNulls.SORTBY_NULLS_FIRST: True, SortByNulls.SORTBY_NULLS_LAST: False}.get(item.sortby_nulls)
            keys.append(SortKey(column, item.sortby_dir == SortByDir.SORTBY_DESC, nulls))
        return tuple(keys)

    def _columns(self, nodes: Iterable[Any], scope: _Scope) -> tuple[ColumnUse, ...]:
        return tuple(column for column in (self._column(node, scope) for node in nodes) if column is not None)

    def _reads(self, node: Any, scope: _Scope) -> Iterator[ColumnUse]:
        for reference in _walk(node, ast.ColumnRef):
            column = self._column(reference, scope)
            if column is not None:
                yield column

    def _stars(self, node: Any, scope: _Scope) -> Iterator[QualifiedName]:
        for reference in _walk(tuple(getattr(node, "targetList", None) or ()), ast.ColumnRef):
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


def _conjuncts(node: Any) -> Iterator[Any]:
    if isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.AND_EXPR:
        for part in node.args:
            yield from _conjuncts(part)
    else:
        yield node


def _operator(kind: int, symbol: str) -> Operator:
    if kind == A_Expr_Kind.AEXPR_IN:
        return "in" if symbol == "=" else "other"
    if kind == A_Expr_Kind.AEXPR_OP_ANY:
        return "in" if symbol == "=" else "other"
    if kind == A_Expr_Kind.AEXPR_BETWEEN:
        return "range"
    if kind in (A_Expr_Kind.AEXPR_LIKE, A_Expr_Kind.AEXPR_ILIKE):
        return "like" if kind == A_Expr_Kind.AEXPR_LIKE and symbol == "~~" else "other"
    if kind != A_Expr_Kind.AEXPR_OP:
        return "other"
    if symbol in _RANGE:
        return "range"
    return {"=": "=", "<>": "<>"}.get(symbol, "other")  # type: ignore[return-value]


def _value(node: Any) -> tuple[str | None, int | None]:
    while isinstance(node, ast.TypeCast):
        node = node.arg
    if isinstance(node, ast.ParamRef):
        return None, node.number
    if isinstance(node, ast.A_Const) and not node.isnull:
        value = node.val
        for attribute in ("sval", "ival", "fval", "boolval", "bsval"):
            if hasattr(value, attribute):
                return str(getattr(value, attribute)), None
    return None, None


def _has_column(node: Any, scope: _Scope) -> bool:
    """Tell whether the other side of a comparison reads a column of the same block, which is no fixed value then."""
    for reference in _walk(node, ast.ColumnRef):
        if len(reference.fields) < 2 or reference.fields[-2].sval in scope.aliases:
            return True
    return False


def _is_catalog(source: Any) -> bool:
    return source.schemaname in ("pg_catalog", "information_schema") or source.relname.startswith("pg_")


def _ordinal(node: Any, statement: Any) -> Any:
    """Return the output column that `ORDER BY 2` means, or that `ORDER BY name` names by its alias."""
    outputs = getattr(statement, "targetList", None) or ()
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.Integer) and 0 < node.val.ival <= len(outputs):
        return outputs[node.val.ival - 1].val
    if isinstance(node, ast.ColumnRef) and len(node.fields) == 1:
        for output in outputs:
            if getattr(output, "name", None) == getattr(node.fields[0], "sval", None):
                return output.val
    return node


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, tuple | list):
        yield from node
    elif isinstance(node, ast.Node):
        for name in node.__slots__:
            child = getattr(node, name, None)
            if isinstance(child, ast.Node | tuple):
                yield child


def _walk(node: Any, wanted: type[Any]) -> Iterator[Any]:
    """Yield all nodes of a type inside one block; nested SELECTs are left to their own block."""
    for child in _children(node):
        if isinstance(child, wanted):
            yield child
        elif not isinstance(child, ast.SelectStmt | ast.WithClause):
            yield from _walk(child, wanted)


def _walk_all(node: Any, wanted: type[Any]) -> Iterator[Any]:
    """As `_walk`, and inside what it finds."""
    for found in _walk(node, wanted):
        yield found
        yield from _walk_all(found, wanted)


def _subqueries(node: Any) -> Iterator[Any]:
    for child in _children(node):
        if isinstance(child, ast.SelectStmt):
            yield child
        elif not isinstance(child, ast.WithClause):
            yield from _subqueries(child)
