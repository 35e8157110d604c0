"""B-trees on expressions that a statement compares or sorts by: `lower(email)`, `payload ->> 'kind'`.

What may raise an error for a row, as CAST(val AS integer), is left out of all candidates: its INSERT would fail.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwright.advisor.candidates.proposal import Proposal, define
from pgwright.advisor.candidates.use import STRINGS, TableUse
from pgwright.model.index import IndexKey
from pgwright.model.names import quote
from pgwright.sqltext import Expression

_COMPARED = ("=", "in", "range")


def on_expressions(use: TableUse) -> Iterator[Proposal]:
    for one in use.expressions:
        is_prefix = one.operator == "like" and (one.value or "x")[0] not in "%_" and _is_bytewise(one, use)
        if (one.role == "condition" and one.operator not in _COMPARED and not is_prefix) or _is_idle_cast(one, use):
            continue
        key = IndexKey(None, one.text)
        said = f"the statement {'compares' if one.role == 'condition' else 'sorts or groups by'} {one.text}"
        yield Proposal(define(use.name, (key,)), f"{said}, which no index on a column serves")
        lead = tuple(column for column in use.equal if column not in one.columns)[:2]
        if lead and use.fits((*use.keys(lead), key)):
            names = ", ".join(map(quote, lead))
            yield Proposal(define(use.name, (*use.keys(lead), key)), f"equality on {names} first, then {one.text}")


def _is_bytewise(one: Expression, use: TableUse) -> bool:
    return all(use.is_bytewise(column) for column in one.columns)


def _is_idle_cast(one: Expression, use: TableUse) -> bool:
    """Tell whether an expression is a cast that changes nothing, so that an index on the column serves it."""
    if one.cast_to is None:
        return False
    own = use.base_type(one.columns[0])
    return own == one.cast_to or (own in STRINGS and one.cast_to in STRINGS)
