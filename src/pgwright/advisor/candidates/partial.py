"""Partial indexes: only the rows that the statement asks for, where its text proves that it asks for no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgwright.advisor.candidates.btree import groups
from pgwright.advisor.candidates.covering import widened
from pgwright.advisor.candidates.proposal import Proposal, define, label_of
from pgwright.advisor.candidates.use import TableUse
from pgwright.indexes.spelling import spell
from pgwright.model.index import IndexKey
from pgwright.model.names import quote, quote_literal
from pgwright.sqltext import Condition

# A value of a column with more values than this is one of many keys, no state of the row.
_MOST_VALUES = 1_000
_MOST_GROUPS = 6
_MOST_LEADS = 4
_LONGEST_SAID = 80
_CONSTANT = re.compile(r"'|\b\d")
_PLAIN_SYMBOLS = ("<>", "NOT BETWEEN", "~~", "~~*", "!~~", "!~~*")
_TRUTHS = ("is null", "is not null", "is true", "is false")


@dataclass(frozen=True)
class _Predicate:
    text: str
    columns: tuple[str, ...]
    label: str = ""
    parts: tuple[str, ...] = ()
    """The conjuncts that it is made of, as `spell` writes them."""


def partial(use: TableUse) -> Iterator[Proposal]:
    states = list(_states(use))
    clauses = list(_clauses(use, states))
    for predicate in states:
        yield from _narrowed(use, predicate)
    if states or clauses:
        whole = _together([*clauses, *states])
        yield from _covered(use, whole)


def _narrowed(use: TableUse, predicate: _Predicate) -> Iterator[Proposal]:
    """Yield the likeliest keys with a predicate."""
    for group in groups(use)[:_MOST_GROUPS]:
        keys = tuple(key for key in group.keys if key.column not in predicate.columns)
        if use.fits(keys):
            yield _proposal(use, keys, (), predicate, group.reason)
            if group.covers:
                for wide, include in widened(use, keys, _unneeded(use, predicate)):
                    yield _proposal(use, wide, include, predicate, group.reason)


def _covered(use: TableUse, predicate: _Predicate) -> Iterator[Proposal]:
    """Yield the rows of a predicate by each join column or by the order of the result, with all that is read."""
    leads = [use.keys([column]) for column in use.joined]
    leads += [use.sort_keys(ordering.keys) for ordering in use.orderings]
    equal = tuple(column for column in use.equal if column not in predicate.columns)
    leads += [use.keys(equal)] if equal else []
    for keys in list(dict.fromkeys(leads))[:_MOST_LEADS] or [()]:
        if keys and not use.fits(keys):
            continue
        said = f"{', '.join(quote(key.column) for key in keys if key.column)} first"
        wide = list(widened(use, keys, _unneeded(use, predicate)))
        # Another statement, which the same index serves, may read more.
        full = f"{said}, with every column read" if keys else "one statement finds every column that it reads in it"
        for whole, include in wide:
            yield _proposal(use, whole, include, predicate, full)
        if keys and not wide:
            yield _proposal(use, keys, (), predicate, said)
    if not leads and not use.reads:
        own = use.keys(use.sorted_columns(predicate.columns)[:1])
        if use.fits(own):
            yield _proposal(use, own, (), predicate, "the rows of the predicate")


def _proposal(
    use: TableUse, keys: tuple[IndexKey, ...], include: tuple[str, ...], predicate: _Predicate, reason: str
) -> Proposal:
    definition = define(use.name, keys, include=include, predicate=predicate.text, label=predicate.label)
    rows = f"rows with {predicate.text}" if len(predicate.text) <= _LONGEST_SAID else "rows of this predicate"
    said = f"{reason}; partial, for only {rows} are asked for"
    is_fixed = not predicate.label and _CONSTANT.search(predicate.text)
    return Proposal(definition, f"{said}, by constants that stand in the statement" if is_fixed else said)


def _states(use: TableUse) -> Iterator[_Predicate]:
    """Yield what tells the state of a row: a value out of few, NULL or not, true or false."""
    found: dict[str, _Predicate] = {}
    for condition in use.conditions:
        column = condition.column.column
        for text, label in _texts(condition, use):
            found.setdefault(text, _Predicate(text, (column,), label, (spell(text),)))
    yield from found.values()


def _texts(condition: Condition, use: TableUse) -> Iterator[tuple[str, str]]:
    column, name = condition.column.column, quote(condition.column.column)
    if condition.operator in _TRUTHS:
        truth = {"is true": name, "is false": f"NOT {name}"}
        text = truth.get(condition.operator, f"{name} {condition.operator.upper()}")
        yield text, label_of(f"{column}_{condition.operator.removeprefix('is ')}")
    values = {condition.value} if condition.operator == "=" and condition.value is not None else set()
    values |= {
        one.value for one in use.inferred if one.column == condition.column and one.parameter == condition.parameter
    }
    if 0 < use.distinct(column) <= _MOST_VALUES:
        for value in sorted(values):
            yield f"{name} = {quote_literal(value).strip()}", label_of(f"{column}_{value}")


def _clauses(use: TableUse, states: list[_Predicate]) -> Iterator[_Predicate]:
    """Yield the other conjuncts on the table alone.

    Not an equality with one of many values, nor anything about an expression, whose values nobody counted; nor a
    search in a document or an array, for which there are other indexes.
    """
    said = {spell(state.text) for state in states}
    fixed = {column for state in states if " = " in state.text for column in state.columns}
    keyed = {
        c.column.column
        for c in use.conditions
        if c.operator in ("=", "in") and use.distinct(c.column.column) > _MOST_VALUES
    }
    searched = {c.column.column for c in use.conditions if c.operator == "other" and c.symbol not in _PLAIN_SYMBOLS}
    uncounted = [one.text for one in use.expressions if one.role == "condition"]
    for clause in use.clauses:
        is_key = len(clause.columns) == 1 and clause.columns[0] in keyed | searched | fixed
        if len(clause.columns) > 1:
            continue  # the planner takes a third of the rows for any comparison of two columns: the size is a guess
        if spell(clause.text) not in said and not is_key and not any(text in clause.text for text in uncounted):
            yield _Predicate(clause.text, clause.columns, "", (spell(clause.text),))


def _together(predicates: list[_Predicate]) -> _Predicate:
    if len(predicates) == 1:
        return predicates[0]
    columns = tuple(dict.fromkeys(column for one in predicates for column in one.columns))
    texts = (f"({one.text})" if " OR " in one.text else one.text for one in predicates)
    return _Predicate(" AND ".join(texts), columns, "", tuple(part for one in predicates for part in one.parts))


def _unneeded(use: TableUse, predicate: _Predicate) -> tuple[str, ...]:
    """Return the columns that only the predicate reads: they need not be in the index."""
    read = {c for clause in use.clauses for c in clause.columns if spell(clause.text) not in predicate.parts}
    free = (column for clause in use.clauses for column in clause.filtered_only)
    return tuple(column for column in dict.fromkeys(free) if column not in read)
