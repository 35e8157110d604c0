"""Values for `$1`, `$2`, …: what a statement was probably called with, from the planner's statistics.

A normalised statement does not tell its values, and a generic plan guesses badly: it takes 10 % of the rows for every
LIMIT, and the average of all values where the app asks for a rare one. So values are chosen that exist. Where they
differ much in rows there are several sets of them, weighted: one skewed parameter takes each of its choices in turn,
the others stay in their middle.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from pgwright.model.snapshot import Snapshot
from pgwright.model.statement import Statement
from pgwright.sqltext import Block, ColumnUse, ParameterUse, StatementShape
from pgwright.workload.indexed_values import indexed_values
from pgwright.workload.literals import array, has_parts, literal
from pgwright.workload.values import (
    MOST_STATUS_VALUES,
    Distribution,
    ValueChoice,
    between,
    beyond,
    containing,
    equal_to,
    fitted,
    letters,
    starting_with,
)

# How far the observed rows per call may lie from what a value's frequency predicts.
_FACTOR = 2.0
_MOST_ARRAY_VALUES = 50
_SMALL_LIMIT = 12
_NEVER_REACHED = "1000000000"
_PATTERNS = ("~~*", "!~~", "!~~*", "~", "~*", "!~", "!~*")
_LOWER = (">", ">=")
_ALL = re.compile(r"(?:<>|!=)\s*all\s*\(", re.IGNORECASE)  # NOT IN has the same operator, but no array
# One row comes back, however many were read.
_AGGREGATE = re.compile(r"\b(?:count|sum|avg|min|max|exists|bool_and|bool_or|\w+_agg)\s*\(", re.IGNORECASE)


@dataclass(frozen=True)
class InferredValue:
    """A parameter of which what was observed leaves one value only."""

    column: ColumnUse
    parameter: int
    value: str
    expected_rows: float
    observed_rows: float


@dataclass(frozen=True)
class Case:
    """One set of parameter values that a statement is priced with."""

    values: tuple[str | None, ...] | None
    """One a parameter, in text form; None: the generic plan."""
    weight: float = 1.0
    """Share of the calls that it stands for; those of a statement add up to 1."""


GENERIC = Case(None)


def infer_values(statement: Statement, shape: StatementShape, snapshot: Snapshot) -> tuple[InferredValue, ...]:
    """Return the equality parameters whose value is given away: by the rows per call, else by partial indexes."""
    by_rows = _inferred_by_rows(statement, shape, snapshot)
    known = {one.parameter for one in by_rows}
    observed = statement.rows_per_call
    by_indexes = (
        InferredValue(one.column, one.parameter, one.value, observed, observed)
        for one in indexed_values(shape, snapshot)
        if one.parameter not in known
    )
    return (*by_rows, *by_indexes)


def _inferred_by_rows(statement: Statement, shape: StatementShape, snapshot: Snapshot) -> tuple[InferredValue, ...]:
    """Return the equality parameter whose value the rows per call give away.

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
    if known is None or not known.common_values or known.distinct_count(rows) > MOST_STATUS_VALUES:
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
    """Return the likeliest value for each parameter, in text form; None when the generic plan has to do."""
    likeliest = max(value_cases(statement, shape, snapshot, inferred), key=lambda case: case.weight)
    return None if likeliest.values is None else list(likeliest.values)


def value_cases(
    statement: Statement, shape: StatementShape, snapshot: Snapshot, inferred: Iterable[InferredValue] = ()
) -> tuple[Case, ...]:
    """Return sets of values to price a statement with; at most three, their weights add up to 1.

    Where one condition explains the rows per call, the weights are such that their mean of expected rows is the
    observed one. An inferred value is certain. A column without skew gives one set (`values.SKEW`).

    Returns: The generic plan alone when there is no parameter, or nothing is known of one of them.
    """
    certain = {one.parameter: one.value for one in inferred}
    groups: list[tuple[tuple[int, ...], tuple[ValueChoice, ...]]] = []
    seen: set[int] = set()
    for block in shape.blocks:
        for together in _groups(block):
            uses = tuple(use for use in together if use.number not in seen)
            if not uses:
                continue
            seen.update(use.number for use in uses)
            choices = _choices(uses, block, statement, shape, snapshot, certain)
            if not choices:
                return (GENERIC,)
            groups.append((tuple(use.number for use in uses), choices))
    if not groups:
        return (GENERIC,)
    varied = max(groups, key=lambda group: _spread(group[1]))
    return tuple(_case(groups, varied[0], choice) for choice in varied[1])


def _case(
    groups: Sequence[tuple[tuple[int, ...], tuple[ValueChoice, ...]]], varied: tuple[int, ...], choice: ValueChoice
) -> Case:
    chosen: dict[int, str] = {}
    for numbers, choices in groups:
        taken = choice if numbers == varied else _middle(choices)
        chosen.update(zip(numbers, taken.values, strict=True))
    return Case(tuple(chosen.get(number) for number in range(1, max(chosen) + 1)), choice.weight)


def _middle(choices: Sequence[ValueChoice]) -> ValueChoice:
    """Return the choice that half of the calls ask for no more rows than."""
    taken = 0.0
    ordered = sorted(choices, key=lambda one: one.row_share)
    return next((one for one in ordered if (taken := taken + one.weight) >= 0.5), ordered[-1])


def _spread(choices: Sequence[ValueChoice]) -> float:
    """Return how many times more rows the largest choice has than the smallest."""
    least = min(choice.row_share for choice in choices)
    return max(choice.row_share for choice in choices) / max(least, 1e-9) if len(choices) > 1 else 0.0


def _groups(block: Block) -> Iterable[tuple[ParameterUse, ...]]:
    """Return the parameters of a block, those together that one column is compared with in the same way."""

    def subject(use: ParameterUse) -> tuple[str, str, str, str]:
        if use.column is None:
            return ("", "", use.role, str(use.number))
        way = use.operator if use.operator in ("=", "in", "range") and not use.is_array else f"{use.symbol}{use.number}"
        return (str(use.column.table), use.column.column, use.role, "=" if way == "in" else way)

    alike = groupby(sorted(dict.fromkeys(block.parameters), key=lambda use: (subject(use), use.number)), subject)
    return [tuple(uses) for _, uses in alike]


def _choices(
    uses: Sequence[ParameterUse],
    block: Block,
    statement: Statement,
    shape: StatementShape,
    snapshot: Snapshot,
    certain: dict[int, str],
) -> tuple[ValueChoice, ...]:
    """Return what parameters that go together may be; nothing when nobody knows."""
    use = uses[0]
    if use.column is None:
        return (ValueChoice(("0",), 1.0, 1.0),) if use.role == "offset" else _limits(statement, block)
    if all(one.number in certain for one in uses):
        return (ValueChoice(tuple(certain[one.number] for one in uses), 1.0, 1.0),)
    column, table = snapshot.column(use.column.table, use.column.column), snapshot.table_by_name[use.column.table]
    known = snapshot.statistics_by_column.get((use.column.table, use.column.column))
    if has_parts(column.base_type) and (use.operator not in ("=", "in") or column.base_type.startswith("_")):
        is_element = use.is_array or (use.cast_to is not None and not use.cast_to.endswith("range"))
        made = literal(column, use.symbol, known, is_element=is_element)
        return (ValueChoice((made,) * len(uses), 1.0, 1.0),) if made is not None else ()
    if known is None or not known.sample:
        return ()
    values = Distribution(known, table.rows, column.base_type)
    observed = _observed(use, block, statement, shape)
    if use.is_array or (use.symbol == "<>" and use.operator == "other" and _ALL.search(statement.text)):
        return (ValueChoice((_keys(values, statement),), 1.0, 1.0),)
    if use.operator == "range":
        choices = _range(uses, values, is_paged=block.has_limit)
    elif use.part is not None:
        return (_part_of_pattern(use.part, values),)
    elif use.operator == "like":
        return starting_with(values, observed)
    elif use.symbol in _PATTERNS:
        return containing(values, is_regular="~~" not in use.symbol)
    elif len(uses) > 1 or use.operator not in ("=", "in"):
        return (_different(values, len(uses)),)
    else:
        choices = equal_to(values)
    return choices if observed is None else fitted(choices, values.rows, observed, is_limited=block.has_limit)


def _limits(statement: Statement, block: Block) -> tuple[ValueChoice, ...]:
    """Return what LIMIT may be: as many rows as came back; more than there are where that is no limit.

    Such calls read all that there is, however much the planner expects of a condition that it can only guess, as a
    pattern: an order that ends early gains them nothing, and makes them slower where the planner takes it.
    """
    rows = statement.rows_per_call
    is_reached = not rows or _may_be_a_limit(rows) or not _has_guess(block)
    return (ValueChoice((str(max(1, math.ceil(rows))) if is_reached else _NEVER_REACHED,), 1.0, 1.0),)


def _has_guess(block: Block) -> bool:
    """Tell whether a condition is none that statistics of a column tell of."""
    uses = [use for use in block.parameters if use.column is not None]
    return bool(block.expressions) or any(use.symbol in _PATTERNS or use.operator == "other" for use in uses)


def _range(uses: Sequence[ParameterUse], values: Distribution, *, is_paged: bool) -> tuple[ValueChoice, ...]:
    """Return the ends of a range: the lower ones below the upper ones, so that there is something between."""
    symbols = [use.symbol for use in uses]
    is_lower = [symbol in _LOWER or ("BETWEEN" in symbol and n % 2 == 0) for n, symbol in enumerate(symbols)]
    if all(is_lower) or not any(is_lower):
        alike = beyond(values, symbols[0] if symbols[0] in _LOWER else "<", is_paged=is_paged)
        return tuple(ValueChoice(one.values * len(uses), one.weight, one.row_share) for one in alike)
    return tuple(
        ValueChoice(tuple(one.values[0 if lower else 1] for lower in is_lower), one.weight, one.row_share)
        for one in between(values)
    )


def _part_of_pattern(part: tuple[int, int], values: Distribution) -> ValueChoice:
    """Return what is at a place of `$1 || $2`: letters and %; of `$1 || $2 || $3`: letters between two of them."""
    place, length = part
    if place == 0 and length == 2:
        return ValueChoice((starting_with(values, None)[0].values[0].removesuffix("%"),), 1.0, 0.0)
    is_end = place in (0, length - 1)
    return ValueChoice(("%" if is_end and length > 1 else letters(values),), 1.0, 0.0)


def _different(values: Distribution, count: int) -> ValueChoice:
    """Return so many values that differ, as far as so many are known: those of an IN list."""
    found = list(islice(dict.fromkeys(values.from_the_middle()), count))
    every = tuple(found[number % len(found)] for number in range(count))
    return ValueChoice(every, 1.0, sum(map(values.share, found)))


def _observed(use: ParameterUse, block: Block, statement: Statement, shape: StatementShape) -> float | None:
    """Return the rows a call that this one condition explains; None where others, or groups, hide the relation.

    Apps ask for busy parents more often than for average ones, and then the rows per call tell. Of a range or a
    pattern with a LIMIT they tell the limit only.
    """
    if len(shape.blocks) != 1 or len(block.tables) != 1 or block.group_by or not statement.rows or block.has_offset:
        return None
    if shape.kind == "insert" or _AGGREGATE.search(statement.text) or (block.has_limit and use.operator != "="):
        return None
    explaining = {condition.column for condition in block.conditions if condition.operator not in ("is null", "<>")}
    if explaining != {use.column} or block.branches or block.expressions or block.lookups:
        return None
    return statement.rows_per_call


def _keys(values: Distribution, statement: Statement) -> str:
    """Return an array of different values, as many as explain the rows that came back."""
    known = values.known
    per_value = max(values.rows * (1 - known.null_fraction) / values.distinct, 1.0)
    found = list(dict.fromkeys(values.from_the_middle()))
    return array(found[: min(max(1, round(statement.rows_per_call / per_value)), len(found), _MOST_ARRAY_VALUES)])
