"""Whether a FROM joins the table of an inherited class to the table above it, which has the mark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import FromClause, Join
from sqlalchemy.sql.selectable import FromGrouping

from pgwright_runtime._alchemy_compiler import plain_table
from pgwright_runtime.soft_delete.equalities import equal_columns
from pgwright_runtime.soft_delete.mixin import InheritedTable


def is_tied(from_: FromClause, above: InheritedTable, around: Sequence[FromClause]) -> bool:
    """Return whether a row of a lower table appears only beside its row of the upper table, if that is visible."""
    return any(_ties(join, from_, above) for join in _joins(around))


def _ties(join: Join, from_: FromClause, above: InheritedTable) -> bool:
    # The left side of an outer join appears without the right one, too.
    if join.full or (join.isouter and from_ not in _leaves([join.right])):
        return False
    keys: dict[FromClause, set[tuple[str, str]]] = {}
    for lower, upper in equal_columns(join.onclause, from_):
        if plain_table(upper.table) is above.table:
            keys.setdefault(upper.table, set()).add((lower.key, upper.key))
    return any(found.issuperset(above.keys) for found in keys.values())


def _joins(froms: Sequence[FromClause]) -> Iterator[Join]:
    for from_ in froms:
        if isinstance(from_, FromGrouping):
            yield from _joins([from_.element])
        elif isinstance(from_, Join):
            yield from_
            yield from _joins([from_.left, from_.right])


def _leaves(froms: Sequence[FromClause]) -> Iterator[FromClause]:
    for from_ in froms:
        if isinstance(from_, FromGrouping):
            yield from _leaves([from_.element])
        elif isinstance(from_, Join):
            yield from _leaves([from_.left, from_.right])
        else:
            yield from_
