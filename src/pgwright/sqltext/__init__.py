"""SQL text to what it asks for, by PostgreSQL's own parser; `$1` included."""

from pgwright.sqltext.costly import CostlyForm, Form, costly_forms
from pgwright.sqltext.endings import condenses, ends_early, is_count
from pgwright.sqltext.indexes import read_index
from pgwright.sqltext.locking import RowLock, row_lock
from pgwright.sqltext.policies import RowCalls, row_calls
from pgwright.sqltext.qualifying import qualified
from pgwright.sqltext.reader import one_with_a_plan, parse, read_shape
from pgwright.sqltext.schema import Schema, search_path
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
    Wrapped,
    as_if_of,
)
from pgwright.sqltext.sources import returned_tables
from pgwright.sqltext.text import asks_unknown_key, gist, has_plan, inner_query, is_cut_off, outline, repaired
from pgwright.sqltext.uses import Uses, read_uses

__all__ = [
    "Block",
    "Clause",
    "ColumnUse",
    "Condition",
    "CostlyForm",
    "Distance",
    "Expression",
    "Form",
    "Join",
    "Operator",
    "Ordering",
    "ParameterUse",
    "RowCalls",
    "RowLock",
    "Schema",
    "SortKey",
    "StatementShape",
    "Uses",
    "Wrapped",
    "as_if_of",
    "asks_unknown_key",
    "condenses",
    "costly_forms",
    "ends_early",
    "gist",
    "has_plan",
    "inner_query",
    "is_count",
    "is_cut_off",
    "one_with_a_plan",
    "outline",
    "parse",
    "qualified",
    "read_index",
    "read_shape",
    "read_uses",
    "repaired",
    "returned_tables",
    "row_calls",
    "row_lock",
    "search_path",
]
