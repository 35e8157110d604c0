"""What the rows of a FROM must meet to be visible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, FromClause, Join, and_, literal_column, select
from sqlalchemy.sql.selectable import FromGrouping

from pgwright_runtime._alchemy_compiler import plain_table
from pgwright_runtime.soft_delete.mixin import InheritedTable, inherited_table, mark_of
from pgwright_runtime.soft_delete.shown import is_shown
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
    table = plain_table(from_)
    if table is None or is_shown(table, options):
        return
    if (mark := mark_of(table)) is not None:
        yield from_.c[mark.key].is_(None)
        return
    above = inherited_table(table)
    if above is not None and not is_shown(above.table, options) and not is_tied(from_, above, around):
        yield _has_living(from_, above)


def _has_living(from_: FromClause, above: InheritedTable) -> ColumnElement[bool]:
    """Return that the row of the class above lives, where only the table of the class below is read."""
    parent = above.table.alias()
    is_same = and_(*(parent.c[upper] == from_.c[lower] for lower, upper in above.keys))
    # The compiler adds that it is not deleted, and asks the next table if the mark is farther up.
    return select(literal_column("1")).select_from(parent).where(is_same).correlate(from_).exists()
