"""How a statement uses columns: compared as they are, or in a way that their type decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pglast.enums import A_Expr_Kind, SetOperation

from pgwright.model.names import QualifiedName
from pgwright.sqltext.nodes import ast, bare, children, everything, walk
from pgwright.sqltext.reader import parse
from pgwright.sqltext.schema import Schema
from pgwright.sqltext.shape import ColumnUse

# They take any type, and give the same for each value of the new one.
_ANY_TYPE = {
    "count", "array_agg", "json_agg", "jsonb_agg", "json_build_object", "jsonb_build_object", "to_json", "to_jsonb",
    "json_object_agg", "jsonb_object_agg", "lag", "lead", "first_value", "last_value", "nth_value",
}  # fmt: skip
# A text of the value is what it was.
_TO_TEXT = {"text", "varchar", "bpchar"}
_COMPARED = (
    A_Expr_Kind.AEXPR_OP, A_Expr_Kind.AEXPR_OP_ANY, A_Expr_Kind.AEXPR_OP_ALL, A_Expr_Kind.AEXPR_IN,
    A_Expr_Kind.AEXPR_DISTINCT, A_Expr_Kind.AEXPR_NOT_DISTINCT, A_Expr_Kind.AEXPR_BETWEEN,
    A_Expr_Kind.AEXPR_NOT_BETWEEN,
)  # fmt: skip
_OPERATORS = {"=", "<>", "<", "<=", ">", ">=", "BETWEEN", "NOT BETWEEN"}


@dataclass(frozen=True)
class Uses:
    """What one statement does with columns."""

    computed: frozenset[ColumnUse]
    """Used in an expression, compared with one, or given the value of one: another type may make it fail."""
    compared: frozenset[tuple[ColumnUse, ColumnUse]]
    """Two columns compared with each other, wherever that stands: they need one type."""


def read_uses(text: str, schema: Schema) -> Uses:
    """Return how a statement uses the columns of `schema`; a name that may mean several columns counts for all.

    Raises: UnparsableStatement: PostgreSQL's grammar does not accept it, or it is nested too deeply.
    """
    reader = _Reader(parse(text), schema)
    return Uses(frozenset(reader.computed), frozenset(reader.compared))


class _Reader:
    def __init__(self, tree: Any, schema: Schema) -> None:
        self.computed: set[ColumnUse] = set()
        self.compared: set[tuple[ColumnUse, ColumnUse]] = set()
        self._schema = schema
        self._tables: set[QualifiedName] = set()
        self._renamed: dict[str, set[str]] = defaultdict(set)
        """What an output column is called in place of the column behind it."""
        self._scopes: list[dict[str, QualifiedName]] = []
        """Of the query being read and those around it, the innermost last: its tables by alias."""
        for node in (tree, *everything(tree)):
            self._note_names(node)
        self._walk(tree)

    def _walk(self, node: Any) -> None:
        is_query = isinstance(node, _QUERIES)
        if is_query:
            self._scopes.append(dict(self._own_tables(node)))
        self._read(node)
        for child in children(node):
            self._walk(child)
        if is_query:
            self._scopes.pop()

    def _own_tables(self, query: Any) -> Iterator[tuple[str, QualifiedName]]:
        for source in walk(query, ast.RangeVar):
            table = self._schema.find(source.schemaname, source.relname)
            if table is not None:
                yield source.alias.aliasname if source.alias else source.relname, table
                if isinstance(query, ast.InsertStmt):
                    yield "excluded", table

    def _note_names(self, node: Any) -> None:
        if isinstance(node, ast.RangeVar):
            table = self._schema.find(node.schemaname, node.relname)
            self._tables |= {table} if table is not None else set()
        elif isinstance(node, ast.ResTarget) and node.name is not None:
            self._note_output(node.name, node.val)
        elif isinstance(node, ast.CommonTableExpr | ast.RangeSubselect):
            is_common = isinstance(node, ast.CommonTableExpr)
            query = node.ctequery if is_common else node.subquery
            names = node.aliascolnames if is_common else getattr(node.alias, "colnames", None)
            for name, target in zip(names or (), getattr(query, "targetList", None) or (), strict=False):
                self._note_output(name.sval, target.val)

    def _note_output(self, name: str, value: Any) -> None:
        if isinstance(bare(value), ast.ColumnRef):
            self._renamed[name].add(_name(bare(value)))

    def _read(self, node: Any) -> None:
        if isinstance(node, ast.A_Expr):
            self._read_operator(node)
        elif isinstance(node, ast.SubLink):
            self._read_sublink(node)
        elif isinstance(node, ast.FuncCall):
            if node.funcname[-1].sval not in _ANY_TYPE:
                self._compute(node.args or ())
        elif isinstance(node, ast.TypeCast):
            if not (isinstance(node.arg, ast.ColumnRef) and _is_to_text(node)):
                self._compute((node.arg,))
        elif isinstance(node, ast.InsertStmt):
            self._read_insert(node)
        elif isinstance(node, ast.UpdateStmt | ast.OnConflictClause | ast.MergeWhenClause):
            self._read_assignments(node)
        elif isinstance(node, ast.SelectStmt) and node.op != SetOperation.SETOP_NONE:
            for side in (node.larg, node.rarg):
                with self._inside(side):
                    self._compute(target.val for target in side.targetList or ())
        elif isinstance(node, ast.CaseExpr):
            self._compute((node.arg, node.defresult, *(when.result for when in node.args)))
        elif isinstance(node, _COMPUTING):
            several = getattr(node, "args", None) or getattr(node, "elements", None)
            self._compute(several or (getattr(node, "arg", None),))  # ARRAY[] has neither

    def _read_operator(self, node: Any) -> None:
        is_comparison = node.kind in _COMPARED and str(node.name[-1].sval) in _OPERATORS
        for left, right in _operands(node.lexpr, node.rexpr):
            sides = [*_flat(left), *_flat(right)]
            if not is_comparison or not all(map(_is_plain, sides)):
                self._compute(sides)
            if is_comparison:
                self._tie(left, right)

    def _read_sublink(self, node: Any) -> None:
        """Read `x IN (SELECT y …)`; other subqueries have outputs that nothing is compared with here."""
        outputs = tuple(target.val for target in getattr(node.subselect, "targetList", None) or ())
        tested = tuple(_flat(node.testexpr))
        if not tested:
            return
        if not all(map(_is_plain, (*tested, *outputs))):
            self._compute(tested)
            with self._inside(node.subselect):
                self._compute(outputs)
        for one, other in zip(tested, outputs, strict=False):
            self._tie(one, other, inside=node.subselect)

    def _read_insert(self, node: Any) -> None:
        table = self._schema.find(node.relation.schemaname, node.relation.relname)
        query = node.selectStmt
        if table is None or not isinstance(query, ast.SelectStmt):
            return
        names = [column.name for column in node.cols or ()]
        rows = query.valuesLists or (tuple(target.val for target in query.targetList or ()),)
        is_told = bool(names) and query.op == SetOperation.SETOP_NONE and not any(map(_is_star, rows[0]))
        if is_told:
            for row in rows:
                for name, value in zip(names, row, strict=False):
                    self._assign(ColumnUse(table, name), value, inside=query)
        elif not all(_is_plain(value) for row in rows for value in row) or not query.valuesLists:
            # Which value goes where, the text alone does not tell.
            self.computed |= {ColumnUse(table, name) for name in names or self._schema.columns[table]}

    def _read_assignments(self, node: Any) -> None:
        for target in node.targetList or ():
            if isinstance(target, ast.ResTarget) and target.name is not None:
                for table in self._tables:
                    if target.name in self._schema.columns[table]:
                        self._assign(ColumnUse(table, target.name), target.val)

    def _assign(self, use: ColumnUse, value: Any, *, inside: Any = None) -> None:
        if isinstance(value, ast.ColumnRef):
            with self._inside(inside):
                self.compared |= {(use, other) for other in self._places(value) if other != use}
        elif not isinstance(bare(value), ast.ParamRef | ast.A_Const | ast.SetToDefault):
            self.computed.add(use)

    def _tie(self, left: Any, right: Any, *, inside: Any = None) -> None:
        """Note that columns of both sides are compared; the right one may be of a query inside this one."""
        for one in _columns(left):
            ours = list(self._places(one))
            with self._inside(inside):
                self.compared |= {(a, b) for other in _columns(right) for b in self._places(other) for a in ours}
        self.compared = {(a, b) for a, b in self.compared if a != b}

    @contextmanager
    def _inside(self, query: Any) -> Iterator[None]:
        if query is None:
            yield
            return
        self._scopes.append(dict(self._own_tables(query)))
        yield
        self._scopes.pop()

    def _compute(self, values: Iterable[Any]) -> None:
        for value in values:
            for part in _flat(value):
                if isinstance(part, ast.ColumnRef):
                    self.computed |= set(self._places(part))

    def _places(self, reference: Any) -> Iterator[ColumnUse]:
        """Yield the columns that a reference may mean: of its table, else of the nearest query that has such a column.

        A column of a subquery counts for every table that has one of that name.
        """
        names = {_name(reference), *self._renamed.get(_name(reference), ())}
        alias = getattr(reference.fields[-2], "sval", "") if len(reference.fields) > 1 else None
        for scope in reversed(self._scopes):
            tables = {table for name, table in scope.items() if alias in (None, name)}
            found = [ColumnUse(table, name) for table in tables for name in names & self._schema.columns[table]]
            if found:
                yield from found
                return
        for table in self._tables:
            for name in names & self._schema.columns[table]:
                yield ColumnUse(table, name)


_QUERIES = (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)
_COMPUTING = (
    ast.CoalesceExpr, ast.MinMaxExpr, ast.A_ArrayExpr, ast.CollateClause, ast.A_Indirection, ast.XmlExpr,
)  # fmt: skip


def _is_to_text(node: Any) -> bool:
    return not node.typeName.arrayBounds and node.typeName.names[-1].sval in _TO_TEXT


def _is_star(value: Any) -> bool:
    return isinstance(value, ast.ColumnRef) and _name(value) == "*"


def _operands(left: Any, right: Any) -> Iterator[tuple[Any, Any]]:
    """Yield what stands on both sides of an operator, rows part by part."""
    rows = right if isinstance(right, tuple) else (right,)
    if isinstance(left, ast.RowExpr) and all(isinstance(row, ast.RowExpr) for row in rows):
        for row in rows:
            yield from zip(left.args, row.args, strict=False)
    else:
        yield left, right


def _is_plain(side: Any) -> bool:
    """Tell whether a side of a comparison has the type that the other side has: a column, or a value of the app."""
    return isinstance(side, ast.ColumnRef | ast.SubLink) or isinstance(bare(side), ast.ParamRef | ast.A_Const)


def _flat(node: Any) -> Iterator[Any]:
    """Yield the parts of a list, a row or an array that stands on one side of an operator."""
    if isinstance(node, tuple | list):
        for part in node:
            yield from _flat(part)
    elif isinstance(node, ast.RowExpr):
        yield from _flat(node.args)
    elif isinstance(node, ast.A_ArrayExpr):
        yield from _flat(node.elements or ())
    elif node is not None:
        yield node


def _columns(node: Any) -> Iterator[Any]:
    yield from (part for part in _flat(node) if isinstance(part, ast.ColumnRef))


def _name(reference: Any) -> str:
    return str(getattr(reference.fields[-1], "sval", "*"))
