"""The mutations of one node of the syntax tree: first byte, the byte after the last, the text in their place."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from scripts.mutants.source import Source

Edit = tuple[int, int, str]

_COMPARISONS: Mapping[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: (r"<", "<="),
    ast.LtE: (r"<=", "<"),
    ast.Gt: (r">", ">="),
    ast.GtE: (r">=", ">"),
    ast.Eq: (r"==", "!="),
    ast.NotEq: (r"!=", "=="),
    ast.Is: (r"\bis\b", "is not"),
    ast.IsNot: (r"\bis\s+not\b", "is"),
    ast.In: (r"\bin\b", "not in"),
    ast.NotIn: (r"\bnot\s+in\b", "in"),
}
_ARITHMETIC: Mapping[type[ast.operator], tuple[str, str]] = {
    ast.Add: (r"\+", "-"),
    ast.Sub: (r"-", "+"),
    ast.Mult: (r"\*", "/"),
    ast.Div: (r"/", "*"),
    ast.FloorDiv: (r"//", "*"),
    ast.Mod: (r"%", "*"),
    ast.Pow: (r"\*\*", "*"),
    ast.BitAnd: (r"&", "|"),
    ast.BitOr: (r"\|", "&"),
}
# A limit so large was chosen, not counted: one more or less is the same limit.
_TUNED = 100
_CALLS = {
    "min": "max", "max": "min", "any": "all", "all": "any",
    "lower": "upper", "upper": "lower", "startswith": "endswith", "endswith": "startswith",
    "lstrip": "rstrip", "rstrip": "lstrip", "removeprefix": "removesuffix", "removesuffix": "removeprefix",
}  # fmt: skip


def edits(node: ast.AST, source: Source) -> Iterator[Edit]:
    """Yield the mutations of one node; those of its children are theirs."""
    match node:
        case ast.Compare():
            yield from _compare(node, source)
        case ast.BoolOp():
            yield from _boolean(node, source)
        case ast.UnaryOp(op=ast.Not()):
            yield (*source.span(node), source.text(node.operand, brackets=True))
        case ast.BinOp() if not _joins_text(node):
            yield from _between(node.left, node.right, _ARITHMETIC.get(type(node.op)), source)
        case ast.AugAssign():
            yield from _between(node.target, node.value, _ARITHMETIC.get(type(node.op)), source)
        case ast.Constant():
            yield from ((*source.span(node), text) for text in _constants(node.value))
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield (*source.span(value), "None")
        case ast.If() | ast.IfExp():
            yield from ((*source.span(node.test), text) for text in ("True", "False"))
        case ast.While():
            yield (*source.span(node.test), "False")
        case ast.comprehension():
            yield from ((*source.span(test), "True") for test in node.ifs)
        case ast.Break() | ast.Continue():
            yield (*source.span(node), "continue" if isinstance(node, ast.Break) else "break")
        case ast.Subscript():
            yield from _subscript(node, source)
        case ast.Call():
            yield from _call(node, source)
        case ast.stmt() if _has_effect(node):
            yield (*source.span(node), "pass")


def _compare(node: ast.Compare, source: Source) -> Iterator[Edit]:
    operands = [node.left, *node.comparators]
    for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
        yield from _between(left, right, _COMPARISONS[type(operator)], source)


def _boolean(node: ast.BoolOp, source: Source) -> Iterator[Edit]:
    swap = (r"\band\b", "or") if isinstance(node.op, ast.And) else (r"\bor\b", "and")
    for left, right in zip(node.values, node.values[1:], strict=False):
        yield from _between(left, right, swap, source)


def _between(left: ast.expr, right: ast.expr, swap: tuple[str, str] | None, source: Source) -> Iterator[Edit]:
    if swap is None:
        return
    gap = source.span(left)[1], source.span(right)[0]
    if found := re.search(swap[0].encode(), source.data[slice(*gap)]):
        yield gap[0] + found.start(), gap[0] + found.end(), swap[1]


def _constants(value: object) -> Iterator[str]:
    match value:
        case bool():
            yield repr(not value)
        case 0:
            yield "1"
        case int() if value >= _TUNED:
            yield "0"
        case int():
            yield from (repr(value + 1), repr(value - 1))
        case float():
            yield repr(value + 1)
        case str():
            yield repr(f"XX{value}XX") if value else repr("XX")


def _subscript(node: ast.Subscript, source: Source) -> Iterator[Edit]:
    match node.slice:
        case ast.Constant(value=0):
            yield (*source.span(node.slice), "-1")
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)):
            yield (*source.span(node.slice), "0")
        case ast.Slice(lower=lower, upper=upper):
            yield from ((*source.span(border), "") for border in (lower, upper) if border is not None)


def _call(node: ast.Call, source: Source) -> Iterator[Edit]:
    match node.func:
        case ast.Name(id=name) if name in _CALLS:
            yield (*source.span(node.func), _CALLS[name])
        case ast.Attribute(attr=name, value=value) if name in _CALLS:
            yield source.span(value)[1], source.span(node.func)[1], f".{_CALLS[name]}"


def _joins_text(node: ast.BinOp) -> bool:
    """Text joined by `+` and types by `|` can only fail when changed, which says nothing about the tests."""
    if isinstance(node.op, ast.BitOr):
        return all(isinstance(side, ast.Name) for side in (node.left, node.right))
    return any(isinstance(side, ast.JoinedStr) or _is_text(side) for side in (node.left, node.right))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _has_effect(node: ast.stmt) -> bool:
    """Tell whether a statement can be dropped without a name missing afterwards."""
    match node:
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Raise() | ast.Delete():
            return True
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return True
    return False
