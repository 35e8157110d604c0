"""What each parameter of a statement is compared with, or put into: where values for it can be found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pgwright.model.names import QualifiedName, quote
from pgwright.model.snapshot import Snapshot
from pgwright.sqltext import StatementShape, parse
from pgwright.sqltext.conditions import MIRRORED
from pgwright.sqltext.expressions import index_text
from pgwright.sqltext.nodes import ast, everything, operator_of, value_of, walk

# "lower end" and "upper end" are of a range; "part": what an array or a document contains; "letters": part of a
# pattern, `$1 || $2 || $3`, between its signs; "set": the new value of a column.
Way = Literal[
    "equal", "list", "lower end", "upper end", "pattern", "letters", "part", "set", "other",
]  # fmt: skip
_ENDS: Mapping[str, Way] = {">": "lower end", ">=": "lower end", "<": "upper end", "<=": "upper end"}
_PATTERNS = ("~~", "~~*")
# Place and number of parts: `$1 || '%'`, and `'%' || $1 || '%'`.
_LETTERS = ((0, 2), (1, 3))


@dataclass(frozen=True)
class Subject:
    """The other side of a comparison with a parameter."""

    table: QualifiedName
    text: str
    """A column or an expression of the table, as SQL with bare names."""
    way: Way


def read_subjects(text: str, shape: StatementShape, snapshot: Snapshot) -> dict[int, Subject]:
    """Return what is known of the parameters, by their numbers."""
    found = dict(_of_columns(shape))
    tree = parse(text)
    for node in everything((tree,)):
        if isinstance(node, ast.A_Expr):
            for number, subject in _of_expression(node, shape, snapshot):
                found.setdefault(number, subject)
    if isinstance(tree, ast.UpdateStmt) and shape.target is not None:
        for number, column in _set_by(tree):
            found.setdefault(number, Subject(shape.target, quote(column), "set"))
    return found


def cuts(shape: StatementShape) -> dict[int, Literal["limit", "offset"]]:
    """Return the parameters of LIMIT and OFFSET."""
    uses = (use for block in shape.blocks for use in block.parameters)
    return {use.number: use.role for use in uses if use.role != "column"}


def _of_columns(shape: StatementShape) -> Iterator[tuple[int, Subject]]:
    seen: set[tuple[QualifiedName, str]] = set()
    for use in (use for block in shape.blocks for use in block.parameters):
        if use.column is None:
            continue
        way = _way(use.operator, use.symbol, is_array=use.is_array)
        if "BETWEEN" in use.symbol:
            key = (use.column.table, use.column.column)
            way = "upper end" if key in seen else "lower end"
            seen.add(key)
        if use.part is not None:
            way = "letters" if use.part in _LETTERS else "other"
        yield use.number, Subject(use.column.table, quote(use.column.column), way)


def _way(operator: str, symbol: str, *, is_array: bool) -> Way:
    if is_array:
        return "list" if operator == "in" else "other"
    if operator in ("=", "in"):
        return "equal"
    if symbol == "@>":
        return "part"
    return "pattern" if symbol in _PATTERNS else _ENDS.get(symbol, "other")


def _of_expression(node: Any, shape: StatementShape, snapshot: Snapshot) -> Iterator[tuple[int, Subject]]:
    """Yield the parameters that an expression is compared with: `lower(email) = $1`, also inside a function."""
    symbol = str(node.name[-1].sval)
    for side, other, seen in ((node.lexpr, node.rexpr, symbol), (node.rexpr, node.lexpr, MIRRORED.get(symbol, symbol))):
        table = _table_of(side, shape, snapshot)
        text = index_text(side) if table is not None and not isinstance(side, tuple) else None
        if table is None or text is None:
            continue
        operator = operator_of(node.kind, seen)
        for value in other if isinstance(other, tuple) else (other,):
            number = value_of(value)[1] or _only_argument(value)
            if number:
                yield number, Subject(table, text, _way(operator, seen, is_array=False))


def _table_of(side: Any, shape: StatementShape, snapshot: Snapshot) -> QualifiedName | None:
    """Return the one table of the statement that has all columns of an expression; None where that is not sure."""
    if not isinstance(side, ast.Node):
        return None
    references = [side] if isinstance(side, ast.ColumnRef) else list(walk((side,), ast.ColumnRef))
    names = {getattr(reference.fields[-1], "sval", "*") for reference in references}
    known = [table for table in shape.tables if names <= snapshot.table_by_name[table].column_by_name.keys()]
    return known[0] if names and len(known) == 1 else None


def _only_argument(value: Any) -> int | None:
    """Return the parameter that a function takes for its one argument: `lower($1)`."""
    if isinstance(value, ast.FuncCall) and len(value.args or ()) == 1:
        return value_of(value.args[0])[1]
    return None


def _set_by(tree: Any) -> Iterator[tuple[int, str]]:
    for target in tree.targetList or ():
        number = value_of(target.val)[1]
        if number:
            yield number, str(target.name)
