"""SQL text to what it asks for, by PostgreSQL's own parser; `$1` included."""

from pgwright.sqltext.indexes import read_index
from pgwright.sqltext.reader import parse, read_shape
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
from pgwright.sqltext.uses import Uses, read_uses

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
    "Uses",
    "gist",
    "has_plan",
    "inner_query",
    "is_cut_off",
    "outline",
    "parse",
    "read_index",
    "read_shape",
    "read_uses",
    "repaired",
]
