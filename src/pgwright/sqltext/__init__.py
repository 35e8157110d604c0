"""SQL text to what it asks for, by PostgreSQL's own parser; `$1` included."""

from pgwright.sqltext.reader import parse, read_shape
from pgwright.sqltext.schema import Schema
from pgwright.sqltext.shape import (
    Block,
    ColumnUse,
    Condition,
    Join,
    Operator,
    ParameterUse,
    SortKey,
    StatementShape,
)
from pgwright.sqltext.text import gist, has_plan, repaired

__all__ = [
    "Block",
    "ColumnUse",
    "Condition",
    "Join",
    "Operator",
    "ParameterUse",
    "Schema",
    "SortKey",
    "StatementShape",
    "gist",
    "has_plan",
    "parse",
    "read_shape",
    "repaired",
]
