"""What stands in the way of a column's change of type: PostgreSQL refuses when a view, a trigger, … uses the column.

Read from the text of `pg_dump --schema-only`, so only as good as that text; what it overlooks, the server refuses
itself, and the whole transaction with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from pglast import ast, parse_sql
from pglast.enums import ConstrType
from pglast.parser import ParseError, split
from pglast.visitors import Skip, Visitor

from pgwright.model.index import Index
from pgwright.model.names import QualifiedName, quote

Place = tuple[QualifiedName, str]
"""A column of a table."""

_RELEVANT = re.compile(
    r"\s*(--[^\n]*\n\s*)*(CREATE (OR REPLACE |MATERIALIZED |UNLOGGED |CONSTRAINT )*"
    r"(VIEW|TABLE|TRIGGER|POLICY|RULE|FUNCTION|PROCEDURE|STATISTICS)|ALTER TABLE)\b"
)


@dataclass
class _Uses(Visitor):
    """The tables and columns that a piece of SQL names; `null_tests` are columns only compared with NULL."""

    tables: dict[str, set[QualifiedName]] = field(default_factory=dict)
    """By alias and by name."""
    columns: set[tuple[str | None, str]] = field(default_factory=set)
    """Alias, where one stands before it, and column; `*` for all."""

    def visit_RangeVar(self, ancestors: object, node: Any) -> None:  # noqa: N802
        alias = node.alias.aliasname if node.alias else node.relname
        self.tables.setdefault(alias, set()).add(_name(node))

    def visit_ColumnRef(self, ancestors: object, node: Any) -> None:  # noqa: N802
        names: list[str] = [getattr(part, "sval", "*") for part in node.fields]
        self.columns.add((names[-2] if len(names) > 1 else None, names[-1]))

    def visit_JoinExpr(self, ancestors: object, node: Any) -> None:  # noqa: N802
        self.columns |= {(None, column.sval) for column in node.usingClause or ()}


class _UsesBeyondNull(_Uses):
    """Leaves out `column IS NULL`, which any type bears."""

    def visit_NullTest(self, ancestors: object, node: Any) -> object:  # noqa: N802
        return Skip if isinstance(node.arg, ast.ColumnRef) else None


def find_dependents(schema_sql: str, places: Collection[Place]) -> Iterator[tuple[Place, str]]:
    """Yield each column that something depends on, with what that is."""
    tables, columns = {table.name for table, _ in places}, {column for _, column in places}
    for text in _statements(schema_sql):
        if not any(name in text for name in tables) or not any(name in text for name in columns | {"*"}):
            continue
        try:
            (raw,) = parse_sql(text)
        except (ParseError, ValueError):
            continue
        for what, used in _used_by(raw.stmt):
            for place in places:
                if place in used or (place[0], "*") in used:
                    yield place, what


def find_index_obstacles(index: Index, columns: Collection[str]) -> Iterator[str]:
    """Yield why this index cannot be built again on columns of another type."""
    definition = index.definition
    for key in definition.keys:
        if key.column is None:
            if expression_columns(key.expression or "") & set(columns):
                yield f"the index {index.name} has the expression {key.expression}"
        elif key.column in columns and (key.operator_class or key.collation):
            yield f"the index {index.name} has an operator class or collation of text on {quote(key.column)}"
    if definition.predicate and expression_columns(definition.predicate) & set(columns):
        yield f"the index {index.name} has the predicate {definition.predicate}"


def expression_columns(expression: str) -> set[str]:
    """Return the columns that an expression uses otherwise than by IS [NOT] NULL.

    >>> sorted(expression_columns("lower(name) = 'x' AND id IS NOT NULL"))
    ['name']
    """
    try:
        tree = parse_sql(f"SELECT {expression}")
    except ParseError:
        return set()
    uses = _UsesBeyondNull()
    uses(tree)
    return {column for _, column in uses.columns}


def functions_that_name(schema_sql: str, tables: Collection[QualifiedName]) -> tuple[str, ...]:
    """Return the functions whose body holds the name of one of the tables."""
    words = re.compile("|".join(rf"\b{re.escape(table.name)}\b" for table in tables) or r"(?!)")
    found = []
    for text in _statements(schema_sql):
        head = re.search(r"CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) ([^(\s]+)\(", text)
        if head and words.search(text, head.end()):
            found.append(head[1].removeprefix("public."))
    return tuple(found)


def _statements(schema_sql: str) -> Iterator[str]:
    # pg_dump 18 frames the text with \restrict, which is psql's, not SQL.
    text = re.sub(r"^\\.*$", "", schema_sql, flags=re.MULTILINE)
    try:
        statements = split(text)
    except ParseError:  # the scanner needs no grammar, but cuts a BEGIN ATOMIC body into pieces
        statements = split(text, with_parser=False)
    yield from (statement for statement in statements if _RELEVANT.match(statement))


def _used_by(node: Any) -> Iterator[tuple[str, set[Place]]]:
    """Yield what the statement creates that depends on columns, with those columns."""
    read = _READERS.get(type(node))
    if read is not None:
        yield from read(node)


def _view(node: Any) -> Iterator[tuple[str, set[Place]]]:
    yield f"the view {_name(node.view).short}", _query(node.query)


def _materialised_view(node: Any) -> Iterator[tuple[str, set[Place]]]:
    yield f"the materialised view {_name(node.into.rel).short}", _query(node.query)


def _rule(node: Any) -> Iterator[tuple[str, set[Place]]]:
    parts = (node.relation, node.whereClause, node.actions)
    # NEW and OLD are rows of the table itself.
    yield f"the rule {quote(node.rulename)}", _query(parts) | _of_table(node.relation, _columns(parts))


def _function(node: Any) -> Iterator[tuple[str, set[Place]]]:
    if node.sql_body:  # BEGIN ATOMIC; a body in quotes depends on nothing
        yield f"the function {quote(node.funcname[-1].sval)}", _query(node.sql_body)


def _trigger(node: Any) -> Iterator[tuple[str, set[Place]]]:
    columns = {column.sval for column in node.columns or ()}
    yield f"the trigger {quote(node.trigname)}", _of_table(node.relation, columns | _columns(node.whenClause))


def _policy(node: Any) -> Iterator[tuple[str, set[Place]]]:
    conditions = (node.qual, node.with_check)
    used = _of_table(node.table, _columns(conditions)) | _query((node.table, *conditions))
    yield f"the policy {quote(node.policy_name)}", used


def _statistics(node: Any) -> Iterator[tuple[str, set[Place]]]:
    columns = _columns(tuple(item.expr for item in node.exprs or () if item.expr))
    yield f"the statistics {quote(node.defnames[-1].sval)}", _of_table(node.relations[0], columns)


def _added_constraint(node: Any) -> Iterator[tuple[str, set[Place]]]:
    for command in node.cmds or ():
        if isinstance(command.def_, ast.Constraint) and command.def_.contype == ConstrType.CONSTR_CHECK:
            yield _check(node.relation, command.def_)


def _table(node: Any) -> Iterator[tuple[str, set[Place]]]:
    if node.partspec:
        keys = node.partspec.partParams
        columns = {key.name for key in keys if key.name} | _columns(tuple(key.expr for key in keys if key.expr))
        yield "the partition key", _of_table(node.relation, columns)
    for element in node.tableElts or ():
        if isinstance(element, ast.Constraint) and element.contype == ConstrType.CONSTR_CHECK:
            yield _check(node.relation, element)
        for constraint in getattr(element, "constraints", None) or ():
            if constraint.contype == ConstrType.CONSTR_CHECK:
                yield _check(node.relation, constraint)
            elif constraint.contype == ConstrType.CONSTR_GENERATED:
                used = _of_table(node.relation, _columns(constraint.raw_expr))
                yield f"the generated column {quote(element.colname)}", used


_READERS: dict[type[ast.Node], Callable[[Any], Iterator[tuple[str, set[Place]]]]] = {
    ast.ViewStmt: _view,
    ast.CreateTableAsStmt: _materialised_view,
    ast.RuleStmt: _rule,
    ast.CreateFunctionStmt: _function,
    ast.CreateTrigStmt: _trigger,
    ast.CreatePolicyStmt: _policy,
    ast.CreateStatsStmt: _statistics,
    ast.AlterTableStmt: _added_constraint,
    ast.CreateStmt: _table,
}


def _check(relation: Any, constraint: Any) -> tuple[str, set[Place]]:
    uses = _UsesBeyondNull()
    uses(constraint.raw_expr)
    what = f"the check constraint {quote(constraint.conname or '')}"
    return what, _of_table(relation, {column for _, column in uses.columns})


def _query(node: Any) -> set[Place]:
    """Return the columns that a query uses; a column without a table's name counts for all its tables."""
    uses = _Uses()
    for part in node if isinstance(node, tuple) else (node,):
        if part is not None:
            uses(part)
    everything = set().union(*uses.tables.values())
    return {
        (table, column)
        for alias, column in uses.columns
        for table in (uses.tables.get(alias, set()) if alias is not None else everything)
    }


def _columns(node: Any) -> set[str]:
    uses = _Uses()
    for part in node if isinstance(node, tuple) else (node,):
        if part is not None:
            uses(part)
    return {column for _, column in uses.columns}


def _of_table(relation: Any, columns: set[str]) -> set[Place]:
    return {(_name(relation), column) for column in columns}


def _name(relation: Any) -> QualifiedName:
    return QualifiedName(relation.schemaname or "public", relation.relname)
