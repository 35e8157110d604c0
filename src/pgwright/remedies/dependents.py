"""What stands in the way of a column's change of type: PostgreSQL refuses when a view, a trigger, … uses the column.

What hangs on a column is read from the catalogs (`snapshot/dependents.py`), and here judged. What came after the
snapshot, the server refuses itself, and the whole transaction with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pglast import ast, parse_sql
from pglast.parser import ParseError
from pglast.visitors import Skip, Visitor

from pgwright.model.dependent import Dependent
from pgwright.model.index import Index
from pgwright.model.names import QualifiedName, quote, quote_literal
from pgwright.model.not_examined import lacking
from pgwright.model.snapshot import Snapshot

Place = tuple[QualifiedName, str]
"""A column of a table."""

# The server makes them anew with the column.
_FOLLOWS = ("statistics", "index statistics")
# It can stay beside a table that changes; its subscribers have to follow.
_OF_TABLE = {
    "row type": "{name} ({definition}) holds whole rows of {table}",
    "type": "{table} is made of the type {name}",
}


class _ColumnsBeyondNull(Visitor):
    """The columns that an expression uses otherwise than in `column IS NULL`, which any type bears."""

    def __init__(self) -> None:
        self.columns: set[str] = set()

    def visit_ColumnRef(self, ancestors: object, node: Any) -> None:  # noqa: N802
        self.columns.add(getattr(node.fields[-1], "sval", "*"))

    def visit_NullTest(self, ancestors: object, node: Any) -> object:  # noqa: N802
        return Skip if isinstance(node.arg, ast.ColumnRef) else None


def find_obstacles(snapshot: Snapshot, places: Collection[Place]) -> Iterator[str]:
    """Yield what hangs on these columns and forbids that their type changes under it."""
    if (missing := lacking(snapshot.not_examined, ("dependents",))) is not None:
        yield f"what hangs on the columns could not be read: {missing.reason}"
    for table, column in places:
        about = snapshot.describe(table, (column,))
        if (domain := snapshot.column(table, column).domain) is not None:
            yield f"{about} is of the domain {domain.short}, whose constraints and default the new type would lose"
        for dependent in snapshot.dependents_by_table.get(table, ()):
            if dependent.column == column and _forbids(dependent):
                what = f"the {dependent.kind} {dependent.name}"
                yield f"{what} depends on {about}, whose type it must not change under it"
    for table in dict.fromkeys(table for table, _ in places):
        for dependent in snapshot.dependents_by_table.get(table, ()):
            if dependent.kind in _OF_TABLE:
                told = _OF_TABLE[dependent.kind]
                yield told.format(name=dependent.name, definition=quote(dependent.definition), table=table.short)


def _forbids(dependent: Dependent) -> bool:
    if dependent.kind == "check constraint":
        return dependent.column in expression_columns(dependent.definition)
    return dependent.kind not in _FOLLOWS


def publications_of(snapshot: Snapshot, tables: Collection[QualifiedName]) -> tuple[str, ...]:
    """Return the publications that send these tables to subscribers."""
    found = (one for table in tables for one in snapshot.dependents_by_table.get(table, ()))
    return tuple(dict.fromkeys(one.name for one in found if one.kind == "publication"))


def statistics_targets(snapshot: Snapshot, places: Collection[Place]) -> Iterator[tuple[QualifiedName, str]]:
    """Yield the statements that set the statistics targets again which go with a column's type, with their table."""
    for table in dict.fromkeys(table for table, _ in places):
        for one in snapshot.dependents_by_table.get(table, ()):
            if not one.definition or (table, one.column) not in places:
                continue
            if one.kind == "statistics":
                yield table, f"ALTER STATISTICS {one.name} SET STATISTICS {one.definition}"
            elif one.kind == "index statistics":
                number, target = one.definition.split()
                yield table, f"ALTER INDEX {one.name} ALTER COLUMN {number} SET STATISTICS {target}"


def constraint_comment(snapshot: Snapshot, table: QualifiedName, constraint: str) -> str | None:
    """Return the statement that gives a constraint its comment again, where it has one."""
    for one in snapshot.dependents_by_table.get(table, ()):
        if one.kind == "constraint comment" and one.name == quote(constraint):
            return f"COMMENT ON CONSTRAINT {one.name} ON {table} IS {quote_literal(one.definition).strip()}"
    return None


def index_comment(snapshot: Snapshot, table: QualifiedName, index: QualifiedName) -> str | None:
    """Return the statement that gives an index its comment again, where it has one."""
    for one in snapshot.dependents_by_table.get(table, ()):
        if one.kind == "index comment" and one.name == str(index):
            return f"COMMENT ON INDEX {one.name} IS {quote_literal(one.definition).strip()}"
    return None


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
    if index.is_exclusion and {key.column for key in definition.keys} & set(columns):
        yield f"the exclusion constraint {index.name} compares {', '.join(map(quote, sorted(columns)))}"


def expression_columns(expression: str) -> set[str]:
    """Return the columns that an expression uses otherwise than by IS [NOT] NULL.

    >>> sorted(expression_columns("lower(name) = 'x' AND id IS NOT NULL"))
    ['name']
    """
    try:
        tree = parse_sql(f"SELECT {expression}")
    except ParseError:
        return set()
    found = _ColumnsBeyondNull()
    found(tree)
    return found.columns
