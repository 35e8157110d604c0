"""What the WHERE clause of a partial index says, and whether one such clause implies another.

Only what the planner proves too is said to be implied: src/backend/optimizer/util/predtest.c.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pglast.enums import A_Expr_Kind, BoolExprType, NullTestType

from pgwright.indexes.spelling import TEXTS, ast, column_of, is_text, spell, text_of, tree_of, type_of
from pgwright.model.table import Table

Value = Decimal | str

_INTEGERS, _FLOATS = ("int2", "int4", "int8"), ("float4", "float8")
_NUMBERS = (*_INTEGERS, "numeric", *_FLOATS)
_MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
# The planner looks into no longer list: MAX_SAOP_ARRAY_SIZE.
_MOST_VALUES = 100


@dataclass(frozen=True, slots=True)
class Compared:
    """`column operator value`; the operator is one of `<> < <= > >=`."""

    column: str
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    """`column = value`, or `column IN (…)`."""

    column: str
    values: frozenset[Value]


@dataclass(frozen=True, slots=True)
class IsNull:
    column: str


@dataclass(frozen=True, slots=True)
class NotNull:
    column: str


@dataclass(frozen=True, slots=True)
class Truth:
    """`column` or `NOT column`."""

    column: str
    value: bool


@dataclass(frozen=True, slots=True)
class Other:
    """Anything else, in one spelling."""

    text: str


Conjunct = Compared | OneOf | IsNull | NotNull | Truth | Other
Predicate = frozenset[Conjunct]


def read_predicate(text: str | None, table: Table | None = None) -> Predicate:
    """Return what a WHERE clause says, as conjuncts; no clause says nothing.

    Args:
        table: gives the types of the columns; without it, less is known to be the same.

    >>> read_predicate("((status)::text = 'new'::text)") == read_predicate("status = 'new'")
    True
    """
    if text is None:
        return frozenset()
    tree = tree_of(text)
    with suppress(NotImplementedError, RecursionError):  # of text_of
        if tree is not None:
            return frozenset(_Reader(table).read(tree))
    return frozenset({Other(spell(text, table))})


def implies(given: Iterable[Conjunct], wanted: Iterable[Conjunct]) -> bool:
    """Tell whether the planner, given these conditions, knows that the wanted ones hold."""
    known = tuple(given)
    return all(any(_proves(one, each) for one in known) for each in wanted)


def never_null(table: Table | None) -> Iterator[NotNull]:
    """Yield what the NOT NULL columns of a table add to each predicate."""
    if table is not None:
        yield from (NotNull(column.name) for column in table.columns if not column.is_nullable)


_COMPARE: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "<>": operator.ne,
}  # fmt: skip
# What a comparison with v proves of one with w: BT_implies_table, where it is not plain equality.
_PROVES: Mapping[tuple[str, str], Callable[[Decimal, Decimal], bool]] = {
    ("<", "<"): operator.le, ("<", "<="): operator.le, ("<", "<>"): operator.le,
    ("<=", "<"): operator.lt, ("<=", "<="): operator.le, ("<=", "<>"): operator.lt,
    (">", ">"): operator.ge, (">", ">="): operator.ge, (">", "<>"): operator.ge,
    (">=", ">"): operator.gt, (">=", ">="): operator.ge, (">=", "<>"): operator.gt,
}  # fmt: skip


def _proves(given: Conjunct, wanted: Conjunct) -> bool:
    if given == wanted:
        return True
    if isinstance(given, Other) or isinstance(wanted, Other | IsNull | Truth) or given.column != wanted.column:
        return False
    if isinstance(wanted, NotNull):
        return isinstance(given, Compared | OneOf) or given == Truth(given.column, True)
    if isinstance(given, OneOf):
        return _is_short(given) and all(_fits(value, wanted) for value in given.values)
    if isinstance(given, Compared) and isinstance(wanted, Compared):
        proof = _PROVES.get((given.operator, wanted.operator))
        one, other = given.value, wanted.value
        # How strings compare is a matter of their type and collation.
        return proof is not None and isinstance(one, Decimal) and isinstance(other, Decimal) and proof(one, other)
    return False


def _fits(value: Value, wanted: OneOf | Compared) -> bool:
    if isinstance(wanted, OneOf):
        return _is_short(wanted) and value in wanted.values
    is_number = isinstance(value, Decimal) and isinstance(wanted.value, Decimal)
    return is_number and _COMPARE[wanted.operator](value, wanted.value)  # type: ignore[arg-type]


def _is_short(listed: OneOf) -> bool:
    return len(listed.values) <= _MOST_VALUES


class _Reader:
    """Reads the conjuncts of one predicate of one table."""

    def __init__(self, table: Table | None) -> None:
        self._table = table

    def read(self, node: Any) -> Iterator[Conjunct]:
        if isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.AND_EXPR:
            for part in node.args:
                yield from self.read(part)
        elif isinstance(node, ast.A_Expr) and node.kind == A_Expr_Kind.AEXPR_BETWEEN:
            low, high = node.rexpr
            pair = [self._compared(node.lexpr, ">=", low), self._compared(node.lexpr, "<=", high)]
            found = [one for one in pair if one is not None]
            yield from found if len(found) == len(pair) else [self._other(node)]
        else:
            yield self._simple(node) or self._other(node)

    def _simple(self, node: Any) -> Conjunct | None:
        if isinstance(node, ast.ColumnRef):
            column = column_of(node)
            return Truth(column, True) if column is not None else None
        if isinstance(node, ast.NullTest):
            column = column_of(node.arg)
            kind = IsNull if node.nulltesttype == NullTestType.IS_NULL else NotNull
            return kind(column) if column is not None else None
        if isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.OR_EXPR:
            return self._alternatives(node)
        if isinstance(node, ast.BoolExpr) and (column := column_of(node.args[0])) is not None:
            return Truth(column, False)
        if isinstance(node, ast.A_Expr):
            symbol = str(node.name[-1].sval)
            if node.kind == A_Expr_Kind.AEXPR_OP and symbol in _MIRRORED and node.lexpr is not None:
                straight = self._compared(node.lexpr, symbol, node.rexpr)
                return straight or self._compared(node.rexpr, _MIRRORED[symbol], node.lexpr)
            if symbol == "=" and node.kind in (A_Expr_Kind.AEXPR_IN, A_Expr_Kind.AEXPR_OP_ANY):
                return self._listed(node)
        return None

    def _compared(self, left: Any, symbol: str, right: Any) -> Compared | OneOf | Truth | None:
        column = self._column(left)
        if column is not None and symbol == "=" and isinstance(getattr(right, "val", None), ast.Boolean):
            return Truth(column, bool(right.val.boolval))
        value = self._value(column, right) if column is not None else None
        if column is None or value is None:
            return None
        return OneOf(column, frozenset({value})) if symbol == "=" else Compared(column, symbol, value)

    def _listed(self, node: Any) -> OneOf | None:
        column, listed = self._column(node.lexpr), node.rexpr
        if column is not None and isinstance(listed, ast.TypeCast) and self._is_own_type(column, type_of(listed), "[]"):
            listed = listed.arg
        items = listed.elements if isinstance(listed, ast.A_ArrayExpr) else listed
        if column is None or not isinstance(items, tuple):
            return None
        values = [self._value(column, item) for item in items]
        known = frozenset(value for value in values if value is not None)
        return OneOf(column, known) if known and None not in values else None

    def _alternatives(self, node: Any) -> OneOf | None:
        """Return `a = 1 OR a = 2` as a list, for the planner takes one for the other."""
        found = [self._simple(part) for part in node.args]
        lists = [one for one in found if isinstance(one, OneOf)]
        is_one = len(lists) == len(found) and len({one.column for one in lists}) == 1
        return OneOf(lists[0].column, frozenset().union(*(one.values for one in lists))) if is_one else None

    def _column(self, node: Any) -> str | None:
        if isinstance(node, ast.TypeCast) and type_of(node) == "text":
            column = column_of(node.arg)
            return column if column is not None and is_text(self._table, column) else None
        return column_of(node)

    def _value(self, column: str, node: Any) -> Value | None:
        """Return a constant of the column's own type."""
        while isinstance(node, ast.TypeCast) and self._is_own_type(column, type_of(node)):
            node = node.arg
        negative = isinstance(node, ast.A_Expr) and node.lexpr is None and node.name[-1].sval == "-"
        constant = node.rexpr if negative else node
        if not isinstance(constant, ast.A_Const) or constant.isnull:
            return None
        value, kind = constant.val, self._type(column)
        if kind in _NUMBERS or (kind is None and not isinstance(value, ast.String)):
            return _number(f"{'-' * negative}{_digits(value)}", kind)
        return str(value.sval) if isinstance(value, ast.String) else None

    def _type(self, column: str) -> str | None:
        known = self._table.column_by_name.get(column) if self._table is not None else None
        return known.base_type if known is not None else None

    def _is_own_type(self, column: str, name: str | None, end: str = "") -> bool:
        own = self._type(column)
        names = TEXTS if own is None or own in TEXTS else (own,)
        return name is not None and name in {f"{each}{end}" for each in names}

    def _other(self, node: Any) -> Other:
        return Other(spell(text_of(node), self._table))


def _digits(value: Any) -> str:
    """Return a constant as text; "" when it is neither a number nor a string."""
    if isinstance(value, ast.Integer):
        return str(value.ival)
    if isinstance(value, ast.Float):
        return str(value.fval)
    return str(value.sval) if isinstance(value, ast.String) else ""


def _number(text: str, kind: str | None) -> Decimal | None:
    """Return a number as a column of this type compares with it."""
    try:
        number = Decimal(float(text)) if kind in _FLOATS else Decimal(text)
    except (InvalidOperation, ValueError, OverflowError):
        return None
    # NaN is above all numbers to the server; an integer column is cast before it is compared with a fraction.
    is_own = number.is_finite() and (kind not in _INTEGERS or number == number.to_integral_value())
    return number if is_own else None
