"""Whether an index can make an INSERT fail: what it computes of a row may raise an error for some values.

`CAST(val AS integer)` raises for 'hello', sqrt(x) for -1, a + b beyond the type's end, a user's function for whatever
it likes; a condition of the statement may keep such rows away, an index meets them all. So only what is listed here is
taken for safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pglast import ast as _ast
from pglast.enums import A_Expr_Kind

from pgwright.errors import UnparsableStatement
from pgwright.model.index import IndexDefinition
from pgwright.model.table import Table
from pgwright.sqltext import parse

ast: Any = _ast

_STRINGS = {"text", "varchar", "bpchar", "citext", "name"}
_INTEGERS = {"int2", "int4", "int8"}
_FRACTIONS = {"numeric", "float4", "float8"}
_TIMES = {"date", "time", "timestamp", "timestamptz"}
_JSON = {"json", "jsonb"}
_CONSTANT = "unknown"

# What goes in and what comes out; "": the first argument's type. The other arguments must be constants or columns.
_OF_TEXT: Mapping[str, str] = {
    **dict.fromkeys(("lower", "upper", "initcap", "btrim", "ltrim", "rtrim", "reverse", "md5", "replace"), "text"),
    **dict.fromkeys(("translate", "left", "right", "split_part", "substring", "substr"), "text"),
    **dict.fromkeys(("length", "char_length", "character_length", "octet_length", "bit_length"), "int4"),
    **dict.fromkeys(("strpos", "position", "ascii", "hashtext"), "int4"),
    "starts_with": "bool", "to_tsvector": "tsvector",
}  # fmt: skip
_OF_TIMES: Mapping[str, str] = {"date": "date", "date_part": "float8", "extract": "numeric", "date_trunc": ""}
_OF_FRACTIONS: Mapping[str, str] = dict.fromkeys(("floor", "ceil", "ceiling", "trunc", "abs", "sign"), "")
_OF_JSON: Mapping[str, str] = {
    "jsonb_typeof": "text", "json_typeof": "text", "jsonb_extract_path_text": "text", "jsonb_extract_path": "jsonb",
}  # fmt: skip
_OF_ARRAYS: Mapping[str, str] = {"cardinality": "int4", "array_length": "int4"}
_OF_RANGES: Mapping[str, str] = {"lower": "element", "upper": "element", "isempty": "bool"}
# A constant argument of these must be above zero.
_COUNTS = {"substring", "substr", "split_part"}
# The right side of these is a pattern, and one out of a column may be none.
_PATTERNS = {"~~", "!~~", "~~*", "!~~*", "~", "~*", "!~", "!~*", "@?", "@@"}

_WIDER: Mapping[str, set[str]] = {
    **{kind: {"text", "varchar", "bpchar", "citext"} for kind in _STRINGS},
    "int2": {"int4", "int8", "numeric", "float4", "float8", "text", "varchar"},
    "int4": {"int8", "numeric", "float4", "float8", "text", "varchar", "bool"},
    "int8": {"numeric", "float4", "float8", "text", "varchar"},
    "numeric": {"text", "varchar"},
    "float4": {"float8", "text", "varchar"},
    "float8": {"text", "varchar"},
    "bool": {"text", "varchar", "int4"},
    "timestamp": {"date", "time"},
    "jsonb": {"text", "varchar", "json"},
    **{kind: {"text", "varchar"} for kind in ("json", "uuid", "inet", "cidr")},
}
_TRUE_OR_FALSE = {"=", "<>", "<", "<=", ">", ">=", "@>", "<@", "&&", "?", "?|", "?&"}


def raising(definition: IndexDefinition, table: Table) -> str | None:
    """Return the expression of an index that may raise an error for a row; None where none can."""
    parts = [key.expression for key in definition.keys if key.expression]
    parts += [definition.predicate] if definition.predicate else []
    return next((part for part in parts if may_raise(part, table)), None)


def may_raise(expression: str, table: Table) -> bool:
    """Tell whether an expression in SQL text may raise an error for a row of a table; True also where it is unknown."""
    try:
        tree: Any = parse(f"SELECT ({expression})")
        node = tree.targetList[0].val
    except (UnparsableStatement, AttributeError, IndexError, TypeError):
        return True
    return _type(node, table) is None


def _type(node: Any, table: Table) -> str | None:
    """Return the type of what never raises, as far as it matters; None for what may."""
    if isinstance(node, ast.ColumnRef):
        name = getattr(node.fields[-1], "sval", "")
        return table.column_by_name[name].base_type if name in table.column_by_name else None
    if isinstance(node, ast.A_Const):
        return _CONSTANT
    if isinstance(node, ast.TypeCast):
        return _cast(node, table)
    if isinstance(node, ast.CollateClause):
        return _type(node.arg, table)
    if isinstance(node, ast.CoalesceExpr | ast.MinMaxExpr):
        return _alike(node.args, table)
    if isinstance(node, ast.NullTest | ast.BooleanTest):
        return _all(table, (node.arg,), "bool")
    if isinstance(node, ast.BoolExpr):
        return _all(table, node.args, "bool")
    if isinstance(node, ast.A_ArrayExpr):
        return _all(table, node.elements or (), _CONSTANT)
    if isinstance(node, ast.FuncCall):
        return _call(node, table)
    return _operation(node, table) if isinstance(node, ast.A_Expr) else None


def _all(table: Table, nodes: Iterable[Any], kind: str) -> str | None:
    return kind if all(_type(one, table) is not None for one in nodes) else None


def _alike(nodes: Iterable[Any], table: Table) -> str | None:
    """Return the one type of several; of two types one would be converted, which may raise."""
    kinds = {_type(one, table) for one in nodes}
    kinds -= {_CONSTANT} if len(kinds) > 1 else set()
    if kinds <= _STRINGS:
        return "text"
    return kinds.pop() if len(kinds) == 1 else None


def _cast(node: Any, table: Table) -> str | None:
    wanted = str(node.typeName.names[-1].sval)
    own = _type(node.arg, table)
    if own == _CONSTANT:
        return wanted if not node.typeName.arrayBounds else _CONSTANT
    is_limited = bool(node.typeName.typmods) and wanted not in _STRINGS
    if own is None or is_limited or node.typeName.arrayBounds:
        return None
    return wanted if wanted == own or wanted in _WIDER.get(own, ()) else None


def _call(node: Any, table: Table) -> str | None:
    names = [one.sval for one in node.funcname]
    args = tuple(node.args or ())
    if len(names) > 1 and names[0] != "pg_catalog":
        return None
    kinds = [_type(one, table) for one in args]
    if not args or None in kinds:
        return None
    name, given = names[-1], [str(kind) for kind in kinds if kind != _CONSTANT]
    if name == "setweight":
        return "tsvector" if given == ["tsvector"] else None
    if name == "timezone":
        return "timestamp" if given == ["timestamptz"] else None
    if name in _COUNTS and not all(_is_text(one) or _is_above_zero(one) for one in args[1:]):
        return None
    for fits, known in (
        (_STRINGS, _OF_TEXT), (_TIMES, _OF_TIMES), (_FRACTIONS, _OF_FRACTIONS), (_JSON, _OF_JSON)
    ):  # fmt: skip
        if name in known and given and {*given} <= fits:
            return known[name] or given[0]
    if name in _OF_ARRAYS and given and all(kind.startswith("_") for kind in given):
        return _OF_ARRAYS[name]
    if name in _OF_RANGES and len(given) == 1 and given[0].endswith("range"):
        return _OF_RANGES[name]
    return None


def _operation(node: Any, table: Table) -> str | None:
    symbol, left, right = str(node.name[-1].sval), node.lexpr, node.rexpr
    sides = [*(left if isinstance(left, tuple) else (left,)), *(right if isinstance(right, tuple) else (right,))]
    is_own = len(node.name) > 1 and node.name[0].sval != "pg_catalog"
    if is_own or left is None or any(_type(one, table) is None for one in sides):
        return None
    if node.kind == A_Expr_Kind.AEXPR_NULLIF:
        return _type(left, table)
    kinds = {str(_type(one, table)) for one in sides} - {_CONSTANT}
    if "numeric" in kinds and kinds & {"float4", "float8"}:
        return None  # compared as the narrower of the two
    if symbol in _PATTERNS:
        return "bool" if all(_type(one, table) == _CONSTANT for one in sides[1:]) or "tsvector" in kinds else None
    if symbol in _TRUE_OR_FALSE or "BETWEEN" in symbol:
        return "bool"
    if symbol == "||" and kinds and (kinds <= _STRINGS or kinds == {"tsvector"}):
        return "text" if kinds <= _STRINGS else "tsvector"
    if symbol in ("->", "#>", "->>", "#>>") and kinds and kinds <= _JSON:
        return "text" if symbol.endswith(">>") else kinds.pop()
    own = str(_type(left, table))
    return own if symbol in ("/", "%") and own in _INTEGERS and _is_above_zero(right) else None


def _is_text(node: Any) -> bool:
    return isinstance(node, ast.A_Const) and isinstance(node.val, ast.String)


def _is_above_zero(node: Any) -> bool:
    return isinstance(node, ast.A_Const) and isinstance(node.val, ast.Integer) and node.val.ival > 0
