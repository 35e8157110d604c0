"""Values for `$1`, `$2`, …: what a statement was probably called with, from the planner's statistics.

A normalised statement does not tell its values, and a generic plan guesses badly: it takes 10 % of the rows for every
LIMIT, and the average of all values where the app asks for a rare one. So a value is chosen that exists, and where
the observed rows per call fit one common value only, that one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pgwright.model.snapshot import ColumnStatistics, Snapshot, Statement
from pgwright.sqltext import Block, ColumnUse, ParameterUse, StatementShape

# How far the observed rows per call may lie from what a value's frequency predicts.
_FACTOR = 2.0
# Columns with more values than this are no status columns.
_MOST_STATUS_VALUES = 20
_MOST_ARRAY_VALUES = 50
_MIDDLE = 0.5
_SMALL_LIMIT = 12
# Added to the misfit of a value that cannot have given the rows that came back.
_TOO_FEW = 100.0


@dataclass(frozen=True)
class InferredValue:
    """A parameter of which the observed rows per call leave one common value only."""

    column: ColumnUse
    parameter: int
    value: str
    expected_rows: float
    observed_rows: float


def infer_values(statement: Statement, shape: StatementShape, snapshot: Snapshot) -> tuple[InferredValue, ...]:
    """Return the equality parameters whose value the rows per call give away.

    For each common value v of a column with few values, the expected rows are `rows × frequency(v)`. One value must
    fit the observed rows within a factor of 2, and it alone. Pages that a LIMIT always fills tell nothing: then rows
    ÷ calls is the limit, and people choose round limits, so nothing is inferred from a small or round number.
    """
    if len(shape.blocks) != 1 or len(shape.blocks[0].tables) != 1 or not statement.rows:
        return ()
    block = shape.blocks[0]
    if block.has_limit and _may_be_a_limit(statement.rows_per_call):
        return ()
    filters = [condition for condition in block.conditions if condition.operator != "is null"]
    if len(filters) != 1 or filters[0].operator != "=" or filters[0].parameter is None or block.group_by:
        return ()
    column, parameter = filters[0].column, filters[0].parameter
    known = snapshot.statistics_by_column.get((column.table, column.column))
    rows = snapshot.table_by_name[column.table].rows
    if known is None or not known.common_values or known.distinct_count(rows) > _MOST_STATUS_VALUES:
        return ()
    observed = statement.rows_per_call
    expected = {v: rows * f for v, f in zip(known.common_values, known.common_frequencies or (), strict=True)}
    fitting = [v for v, e in expected.items() if observed / _FACTOR <= e <= observed * _FACTOR]
    if len(fitting) != 1:
        return ()
    value = fitting[0]
    return (InferredValue(column, parameter, value, expected[value], observed),)


def _may_be_a_limit(rows_per_call: float) -> bool:
    """Tell whether people would choose this number for a LIMIT: a whole one, and small or a multiple of 5."""
    return rows_per_call.is_integer() and (rows_per_call <= _SMALL_LIMIT or rows_per_call % 5 == 0)


def choose_values(
    statement: Statement, shape: StatementShape, snapshot: Snapshot, inferred: Iterable[InferredValue] = ()
) -> list[str | None] | None:
    """Return a value for each parameter, in text form; None when nothing is known and the generic plan has to do."""
    fixed = {one.parameter: one.value for one in inferred}
    uses = {use.number: use for block in shape.blocks for use in block.parameters}
    if not uses:
        return None
    block_of = {use.number: block for block in shape.blocks for use in block.parameters}
    chosen: dict[int, str | None] = {}
    for number, use in uses.items():
        value = fixed.get(number) or _value(use, block_of[number], statement, snapshot)
        if value is None and use.role == "column":
            return None
        chosen[number] = value
    return [chosen.get(number) for number in range(1, max(chosen) + 1)]


def _value(use: ParameterUse, block: Block, statement: Statement, snapshot: Snapshot) -> str | None:
    if use.role == "offset":
        return "0"
    if use.role == "limit":
        return str(max(1, math.ceil(statement.rows_per_call)))
    assert use.column is not None
    known = snapshot.statistics_by_column.get((use.column.table, use.column.column))
    if known is None or not known.sample:
        return None
    rows = snapshot.table_by_name[use.column.table].rows
    if use.is_array:
        return _array(list(_from_the_middle(known)), statement, known, rows)
    if use.operator == "range":
        return _bound(known, use.symbol)
    if use.operator == "like":
        return next(_from_the_middle(known))[:4] + "%"
    # Several parameters on one column (IN lists) get values that differ.
    turn = [one.number for one in block.parameters if one.column == use.column].index(use.number)
    values = _by_fit(known, rows, statement, block) if use.operator == "=" else list(_from_the_middle(known))
    return values[turn % len(values)]


def _by_fit(known: ColumnStatistics, rows: float, statement: Statement, block: Block) -> list[str]:
    """Return values, first those whose expected rows fit the observed rows per call.

    Apps ask for busy parents more often than for average ones, and then the rows per call tell. Below a LIMIT a value
    has at least the rows that came back. Conditions on other columns hide the relation; then the middle has to do.
    """
    middle = list(_from_the_middle(known))
    equalities = [condition for condition in block.conditions if condition.operator in ("=", "in")]
    if len(block.tables) != 1 or len(equalities) != 1 or block.group_by or not statement.rows:
        return middle
    frequencies = dict(zip(known.common_values or (), known.common_frequencies or (), strict=True))
    others = max(known.distinct_count(rows) - len(frequencies), 1.0)
    share_of_others = (1 - known.null_fraction - sum(frequencies.values())) / others
    observed = statement.rows_per_call

    def misfit(value: str) -> float:
        expected = max(rows * frequencies.get(value, share_of_others), 0.1)
        is_too_few = block.has_limit and expected < observed
        return abs(math.log(expected / max(observed, 0.1))) + (_TOO_FEW if is_too_few else 0.0)

    return sorted(middle, key=misfit)


def _from_the_middle(known: ColumnStatistics) -> Iterator[str]:
    """Yield values from the middle: of the histogram when most rows are there, else of the common ones."""
    share_of_common = sum(known.common_frequencies or ())
    bounds, common = known.histogram or (), known.common_values or ()
    groups = (bounds, common) if bounds and share_of_common < _MIDDLE else (common, bounds)
    for group in groups:
        middle = len(group) // 2
        yield from group[middle:] + group[:middle]


def _bound(known: ColumnStatistics, symbol: str) -> str:
    """Return a bound that leaves a third of the histogram, which is also what the planner assumes of an unknown one."""
    values = known.histogram or known.common_values or ()
    third = len(values) // 3
    return values[-1 - third] if symbol.startswith(">") else values[third]


def _array(values: list[str], statement: Statement, known: ColumnStatistics, rows: float) -> str:
    per_value = max(rows * (1 - known.null_fraction) / max(known.distinct_count(rows), 1.0), 1.0)
    count = min(max(1, round(statement.rows_per_call / per_value)), len(values), _MOST_ARRAY_VALUES)
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values[:count])
    return "{" + ",".join(quoted) + "}"
