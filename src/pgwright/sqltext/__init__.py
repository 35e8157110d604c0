"""SQL text to what it asks for, by PostgreSQL's own parser; `$1` included."""

from pgwright.sqltext.indexes import read_index
from pgwright.sqltext.reader import one_with_a_plan, parse, read_shape
from pgwright.sqltext.schema import Schema
from pgwright.sqltext.shape import (
    Block,
    Clause,
    ColumnUse,
    Condition,
    Distance,
    Expression,
    Join,
    Operator,
    Ordering,
    ParameterUse,
    SortKey,
    StatementShape,
)
from pgwright.sqltext.text import gist, has_plan, inner_query, is_cut_off, outline, repaired

__all__ = [
    "Block",
    "Clause",
    "ColumnUse",
    "Condition",
    "Distance",
    "Expression",
    "Join",
    "Operator",
    "Ordering",
    "ParameterUse",
    "Schema",
    "SortKey",
    "StatementShape",
    "gist",
    "has_plan",
    "inner_query",
    "is_cut_off",
    "one_with_a_plan",
    "outline",
    "parse",
    "read_index",
    "read_shape",
    "repaired",
]
