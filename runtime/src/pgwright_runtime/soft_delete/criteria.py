"""What the rows of a FROM must meet to be visible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, FromClause, Join, literal_column, select
from sqlalchemy.sql.selectable import FromGrouping

from pgwright_runtime._alchemy_compiler import plain_table
from pgwright_runtime.soft_delete.indexes import COLUMN
from pgwright_runtime.soft_delete.mixin import InheritedTable, mark_of, tables_above
from pgwright_runtime.soft_delete.shown import is_shown, show_deleted
from pgwright_runtime.soft_delete.ties import is_tied


def living(
    deciding: Sequence[FromClause], around: Sequence[FromClause], options: Sequence[object]
) -> list[ColumnElement[bool]]:
    """Return the criteria that leave no deleted row; a `Rule` of the compiler."""
    return [criterion for from_ in _deciding(deciding) for criterion in _criteria(from_, around, options)]


def _deciding(froms: Sequence[FromClause]) -> Iterator[FromClause]:
    """Yield the tables and aliases without which there is no row; the others are in an outer join, which asks itself.

    Of a FULL JOIN both sides, too: the null rows that it makes have no mark.
    """
    for from_ in froms:
        if isinstance(from_, Join):
            yield from _deciding([from_.left] if from_.isouter and not from_.full else [from_.left, from_.right])
        elif isinstance(from_, FromGrouping):
            yield from _deciding([from_.element])
        else:
            yield from_


def _criteria(
    from_: FromClause, around: Sequence[FromClause], options: Sequence[object]
) -> Iterator[ColumnElement[bool]]:
    """Yield what is true of null rows as well, for a FULL JOIN makes such of either side."""
    table = plain_table(from_)
    if table is None:
        return
    above = tables_above(table)
    marked = above[-1].table if above else table
    mark = mark_of(marked)
    if mark is None or is_shown(marked, options):
        return
    if not above:
        yield from_.c[mark.key].is_(None)
    elif not is_tied(from_, above[0], around):
        yield ~_has_deleted(from_, above)


def _has_deleted(from_: FromClause, above: Sequence[InheritedTable]) -> ColumnElement[bool]:
    """Return that the row of the first class is deleted, where the table of one below it is read alone."""
    conditions: list[ColumnElement[bool]] = []
    lower = from_
    for step in above:
        upper = step.table.alias()
        conditions += [upper.c[there] == lower.c[here] for here, there in step.keys]
        lower = upper
    conditions.append(lower.c[COLUMN].is_not(None))
    return select(literal_column("1")).where(*conditions).correlate(from_).options(show_deleted()).exists()
