"""Expressions and conjuncts as SQL text that CREATE INDEX takes: bare column names, nothing that may change."""

from __future__ import annotations

import re
from typing import Any

from pglast import parse_sql
from pglast.parser import ParseError
from pglast.stream import RawStream

from pgwright.sqltext.nodes import ast, walk

_CAST_COLUMN = re.compile(r"""(?<![\w"])\((\w+|"[^"]+")\)::""")
# The text of an index that people review; a longer one is a list of constants.
_MOST_CHARACTERS = 300
_MOST_ITEMS = 20
_NOT_OF_ONE_ROW = (ast.ParamRef, ast.SubLink, ast.SQLValueFunction, ast.SetToDefault, ast.RowExpr)
# Never immutable, or no function of one row. PostgreSQL itself refuses the rest when it creates the index.
_CHANGING = {
    "now", "clock_timestamp", "statement_timestamp", "transaction_timestamp", "timeofday", "random", "nextval",
    "currval", "gen_random_uuid", "uuidv7", "current_setting", "to_char", "to_date", "to_timestamp", "age",
    "generate_series", "unnest", "jsonb_array_elements", "grouping",
}  # fmt: skip
AGGREGATES = {
    "sum", "count", "avg", "min", "max", "stddev", "stddev_samp", "stddev_pop", "variance", "var_samp", "var_pop",
    "array_agg", "string_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "bool_and", "bool_or",
    "every", "any_value", "percentile_cont", "percentile_disc", "mode", "corr", "bit_and", "bit_or", "xmlagg",
}  # fmt: skip


def function_name(call: Any) -> str:
    return str(call.funcname[-1].sval)


def as_written(text: str) -> str:
    """Return an expression without the parentheses in which the catalogs put a column before a cast.

    >>> as_written("lower((email)::text)"), as_written("lower(f(a)::text)")
    ('lower(email::text)', 'lower(f(a)::text)')
    """
    return _CAST_COLUMN.sub(r"\1::", text)


def comparable(text: str) -> str:
    """Return an expression in one of its spellings, the same for all that are parsed alike; as it is where it is none.

    >>> comparable("lower((email)::text)") == comparable("lower(email::text)")
    True
    """
    try:
        statement: Any = parse_sql(f"SELECT {text}")[0].stmt
        return str(RawStream()(statement))
    except ParseError:
        return text


def is_function_call(text: str) -> bool:
    """Tell whether an expression is the call of a function, which CREATE INDEX takes without parentheses.

    >>> is_function_call("lower((email)::text)"), is_function_call("lower(a) || b"), is_function_call("f(")
    (True, False, False)
    """
    try:
        statement: Any = parse_sql(f"SELECT {text}")[0].stmt
    except ParseError:
        return False
    targets: Any = getattr(statement, "targetList", None) or ()
    return len(targets) == 1 and isinstance(targets[0].val, ast.FuncCall)


def is_aggregate(call: Any) -> bool:
    return call.agg_star or call.agg_within_group or function_name(call) in AGGREGATES


def index_text(node: Any) -> str | None:
    """Return an expression as an index may hold it; None when it depends on more than the row, or is too long."""
    if is_long(node):
        return None
    if next(walk((node,), _NOT_OF_ONE_ROW), None) is not None:
        return None
    for call in _calls(node):
        if call.over is not None or is_aggregate(call) or function_name(call) in _CHANGING:
            return None
    return bare_text(node)


def bare_text(node: Any) -> str | None:
    """Return an expression with bare column names; None when it names whole rows, is too long, or not to be told."""
    references = list(walk((node,), ast.ColumnRef))
    if any(isinstance(reference.fields[-1], ast.A_Star) for reference in references):
        return None
    kept = [(reference, reference.fields) for reference in references]
    try:
        for reference, fields in kept:
            reference.fields = (fields[-1],)
        text = " ".join(RawStream(special_functions=True)(node).split())
    except NotImplementedError:
        return None
    finally:
        for reference, fields in kept:
            reference.fields = fields
    return text if len(text) <= _MOST_CHARACTERS else None


def _calls(node: Any) -> list[Any]:
    found: list[Any] = []
    for call in walk((node,), ast.FuncCall):
        found.append(call)
        found.extend(_calls(tuple(call.args or ())))
    return found


def is_long(node: Any) -> bool:
    """Tell whether a conjunct lists more constants or branches than an index's text should hold."""
    if isinstance(node, ast.BoolExpr):
        parts = node.args or ()
        return len(parts) > _MOST_ITEMS or any(map(is_long, parts))
    listed = getattr(node, "rexpr", None)
    return isinstance(listed, tuple) and len(listed) > _MOST_ITEMS
