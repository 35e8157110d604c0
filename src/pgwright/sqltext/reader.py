"""A statement to its shape: tables, conditions, joins, order; by PostgreSQL's own parser (pglast)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pglast import parse_sql
from pglast.enums import A_Expr_Kind, CTEMaterialize, SetOperation
from pglast.parser import ParseError

from pgwright.errors import UnparsableStatement
from pgwright.sqltext.conditions import MIRRORED, Conditions
from pgwright.sqltext.nodes import (
    ast,
    bare,
    conjuncts,
    everything,
    is_catalog,
    operator_of,
    subqueries,
    value_of,
    walk,
    walk_all,
)
from pgwright.sqltext.orderings import read_order
from pgwright.sqltext.outputs import outputs, stars, visited
from pgwright.sqltext.schema import Schema
from pgwright.sqltext.scope import UNKNOWN, Derived, Scope
from pgwright.sqltext.shape import Block, Join, ParameterUse, StatementKind, StatementShape
from pgwright.sqltext.text import is_too_deep, repaired

_KINDS: Mapping[type[Any], StatementKind] = {
    ast.SelectStmt: "select",
    ast.InsertStmt: "insert",
    ast.UpdateStmt: "update",
    ast.DeleteStmt: "delete",
    ast.MergeStmt: "merge",
}
Names = Mapping[str, Derived]


@lru_cache(maxsize=2048)
def parse(text: str) -> Any:
    """Return the parse tree of one statement, to be read only. Raises UnparsableStatement."""
    if is_too_deep(text):
        raise UnparsableStatement(text, "it is nested too deeply to be read")
    try:
        statements = parse_sql(repaired(text))
    except ParseError as error:
        raise UnparsableStatement(text, str(error.args[0]), _position(error)) from error
    except (RecursionError, MemoryError) as error:
        raise UnparsableStatement(text, "it is nested too deeply to be read") from error
    except UnicodeEncodeError as error:
        raise UnparsableStatement(text, "it holds characters that no encoding has") from error
    if len(statements) != 1:
        raise UnparsableStatement(text, f"{len(statements)} statements where one is expected")
    return statements[0].stmt


@lru_cache(4096)
def one_with_a_plan(text: str) -> str:
    """Return a statement as it may follow EXPLAIN or PREPARE: one, not several, and one that is planned.

    Raises: UnparsableStatement.
    """
    if type(parse(text)) not in _KINDS:
        raise UnparsableStatement(text, "it has no plan")
    return repaired(text)


def _position(error: ParseError) -> int | None:
    """Return the character that the parser stumbled over, from 0."""
    place = error.args[1] if len(error.args) > 1 else None
    return place if isinstance(place, int) and place >= 0 else None


def read_shape(text: str, schema: Schema) -> StatementShape:
    """Return what a statement asks of the tables of `schema`.

    Raises: UnparsableStatement: PostgreSQL's grammar does not accept it, or it is nested too deeply.
    """
    tree = parse(text)
    kind = _KINDS.get(type(tree), "other")
    reader = _Reader(schema)
    try:
        blocks = tuple(reader.blocks(tree)) if kind != "other" else ()
    except RecursionError as error:
        raise UnparsableStatement(text, "it is nested too deeply to be read") from error
    target = getattr(tree, "relation", None) if kind not in ("select", "other") else None
    named = schema.find(target.schemaname, target.relname) if target is not None else None
    written = tuple(output.name for output in tree.targetList) if isinstance(tree, ast.UpdateStmt) else ()
    return StatementShape(kind, named, written, blocks, reader.reads_unknown)


class _Reader:
    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._scopes: list[Scope] = []
        self._done: dict[int, Derived] = {}
        """What subqueries put out, by the identity of their nodes: each is read once."""
        self._uses_of: Counter[str] = Counter()
        self.reads_unknown = False

    def blocks(self, tree: Any) -> Iterator[Block]:
        """Yield the block of a statement and those of everything nested in it."""
        if getattr(tree, "withClause", None) is not None or next(subqueries(tree), None) is not None:
            relations = (node for node in everything(tree) if isinstance(node, ast.RangeVar))
            self._uses_of.update(relation.relname for relation in relations if relation.schemaname is None)
        self._read(tree, None, {})
        for scope in self._scopes:
            if scope.tables or scope.derived:
                yield scope.draft.finished(tuple(scope.tables.values()))

    def _read(self, node: Any, outer: Scope | None, names: Names) -> Derived:
        if id(node) not in self._done:
            self._done[id(node)] = self._query(node, outer, names)
        return self._done[id(node)]

    def _query(self, node: Any, outer: Scope | None, names: Names) -> Derived:
        names = self._with_common(getattr(node, "withClause", None), outer, names)
        if isinstance(node, ast.SelectStmt) and node.larg is not None:
            both = self._read(node.larg, outer, names).united(self._read(node.rarg, outer, names))
            if node.limitCount is not None:
                return both.closed()
            return both if node.op == SetOperation.SETOP_UNION and node.all else both.filtered()
        scope = Scope(self._schema, outer)
        self._scopes.append(scope)
        self._block(node, scope, names)
        return outputs(node, scope)

    def _with_common(self, clause: Any, outer: Scope | None, names: Names) -> Names:
        if clause is None:
            return names
        known = dict(names)
        if clause.recursive:  # each sees itself and the others
            known.update((common.ctename, UNKNOWN) for common in clause.ctes)
        for common in clause.ctes:
            derived = self._read(common.ctequery, outer, known)
            derived = derived.renamed(name.sval for name in common.aliascolnames or ())
            # PostgreSQL plans a common table that is named once together with what names it.
            is_inlined = not clause.recursive and (
                common.ctematerialized == CTEMaterialize.CTEMaterializeNever
                or (
                    self._uses_of[common.ctename] == 1 and common.ctematerialized != CTEMaterialize.CTEMaterializeAlways
                )
            )
            known[common.ctename] = derived if is_inlined else derived.closed()
        return known

    def _block(self, node: Any, scope: Scope, names: Names) -> None:
        parts: list[Any] = []
        sources = list(getattr(node, "fromClause", None) or ()) + list(getattr(node, "usingClause", None) or ())
        if isinstance(node, ast.UpdateStmt | ast.DeleteStmt | ast.MergeStmt):
            sources.insert(0, node.relation)
        if isinstance(node, ast.MergeStmt):
            sources.append(node.sourceRelation)
            parts.extend(conjuncts(node.joinCondition))
        for source in sources:
            self._bind(source, scope, parts, names)
        if getattr(node, "whereClause", None) is not None:
            parts.extend(conjuncts(node.whereClause))
        conditions = Conditions(scope, lambda inner, around: self._read(inner, around, names))
        for conjunct in parts:
            conditions.add(conjunct)
        draft = scope.draft
        self._note_reads(node, scope)
        draft.stars = frozenset((*stars(node, scope), *visited(node, scope)))
        draft.parameters = list(_parameters(node, scope))
        read_order(node, scope)
        offset = getattr(node, "limitOffset", None)
        draft.has_limit, draft.has_offset = getattr(node, "limitCount", None) is not None, offset is not None
        if isinstance(offset, ast.A_Const) and isinstance(offset.val, ast.Integer):
            draft.offset = offset.val.ival
        for nested in subqueries(node):
            self._read(nested, scope, names)

    def _bind(self, source: Any, scope: Scope, parts: list[Any], names: Names) -> list[str]:
        """Put a source of FROM into the scope and its conditions into `parts`. Returns: Its aliases."""
        if isinstance(source, ast.JoinExpr):
            left = self._bind(source.larg, scope, parts, names)
            right = self._bind(source.rarg, scope, parts, names)
            _merge(source, left, right, scope)
            if source.quals is not None:
                parts.extend(conjuncts(source.quals))
            return left + right
        given = getattr(source, "alias", None)
        columns = [name.sval for name in given.colnames or ()] if given is not None else []
        if isinstance(source, ast.RangeVar):
            alias = given.aliasname if given is not None else source.relname
            is_common = source.schemaname is None and source.relname in names
            table = None if is_common else self._schema.find(source.schemaname, source.relname)
            if table is not None and not columns:
                scope.tables[alias] = table
                return [alias]
            view = None if is_common or table else self._schema.view(source.schemaname, source.relname)
            is_unknown = table is None and view is None and not is_common
            self.reads_unknown |= is_unknown and not is_catalog(source)
            derived = names[source.relname] if is_common else UNKNOWN if view is None else self._read(view, None, {})
        elif isinstance(source, ast.RangeSubselect):
            derived = self._read(source.subquery, scope, names)
            alias = given.aliasname if given is not None else f"?{len(scope.derived)}"
        else:
            derived = UNKNOWN
            alias = given.aliasname if given is not None else f"?{len(scope.derived)}"
        scope.derived[alias] = derived.renamed(columns)
        return [alias]

    def _note_reads(self, node: Any, scope: Scope) -> None:
        for reference in walk(node, ast.ColumnRef):
            for place in scope.places(reference):
                if scope.is_own(place) or scope.is_around(place):
                    place.draft.outputs.append(place.use)


def _merge(source: Any, left: list[str], right: list[str], scope: Scope) -> None:
    """Join the columns of USING, or those that both sides of a NATURAL JOIN have."""
    ours, theirs = scope.names_of(left), scope.names_of(right)
    names = [name.sval for name in source.usingClause or ()]
    if source.isNatural:
        names = sorted(set(ours) & set(theirs))
    for name in names:
        if name not in ours or name not in theirs:
            continue
        scope.merged.add(name)
        for one in scope.place_of(ours[name], name):
            for other in scope.place_of(theirs[name], name):
                for place in dict.fromkeys((one, other)):
                    place.draft.outputs.append(place.use)
                    if place.is_joinable:
                        place.draft.joins.append(Join(one.use, other.use))


def _parameters(node: Any, scope: Scope) -> Iterator[ParameterUse]:
    for role in ("limit", "offset"):
        _, number = value_of(getattr(node, f"limit{'Count' if role == 'limit' else 'Offset'}", None))
        if number is not None:
            yield ParameterUse(number, "limit" if role == "limit" else "offset")
    for expression in walk_all(node, ast.A_Expr):
        left, right = scope.places(expression.lexpr), scope.places(expression.rexpr)
        places, other, symbol = left, expression.rexpr, str(expression.name[-1].sval)
        if not left:
            places, other, symbol = right, expression.lexpr, MIRRORED.get(symbol, symbol)
        if not places:
            continue
        is_array = expression.kind == A_Expr_Kind.AEXPR_OP_ANY
        operator = operator_of(expression.kind, symbol)
        for value in other if isinstance(other, tuple) else (other,):
            _, number = value_of(value)
            if number is not None:
                cast = str(value.typeName.names[-1].sval) if isinstance(value, ast.TypeCast) else None
                yield ParameterUse(number, "column", places[0].use, operator, symbol, is_array, cast)
        if expression.kind in (A_Expr_Kind.AEXPR_LIKE, A_Expr_Kind.AEXPR_ILIKE):
            parts = list(_parts(other))
            for place, part in enumerate(parts if len(parts) > 1 else ()):
                _, number = value_of(part)
                if number is not None:
                    whole = (place, len(parts))
                    yield ParameterUse(number, "column", places[0].use, operator, symbol, part=whole)


def _parts(node: Any) -> Iterator[Any]:
    """Yield the parts of a text put together by || or concat()."""
    node = bare(node)
    if isinstance(node, ast.A_Expr) and node.name[-1].sval == "||":
        yield from _parts(node.lexpr)
        yield from _parts(node.rexpr)
    elif isinstance(node, ast.FuncCall) and node.funcname[-1].sval == "concat":
        yield from node.args or ()
    else:
        yield node
