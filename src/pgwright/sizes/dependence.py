"""The most distinct combinations of columns: by extended statistics, foreign keys, or a group of rows they belong to.

Lines of an order repeat the order's customer and date. Where the lines of one order lie side by side, ANALYZE's sample
gives that away: a column that is the same for a whole group comes out with fewer distinct values than one that is
drawn anew for each row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence, Set
from functools import lru_cache
from itertools import pairwise

from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.statistics import ColumnStatistics
from pgwright.model.table import Table
from pgwright.sizes.distinct import distinct_values, is_side_by_side, unique_keys
from pgwright.sizes.keys import Key

_INTEGERS = {"int2", "int4", "int8"}
_DRAWN_FREELY = {"numeric", "float4", "float8", "money"}  # measures of a row, seldom shared by a group
# The two expectations have to differ by so much to tell one from the other.
_TELLING = 1.10
# Neighbouring bounds of a histogram: more than so many average distances apart, the values are not evenly drawn.
_EVEN = 4.0
# Where it is open whether a column is drawn for a group or for each row, the distinct values in a group are raised to
# this power; 0 would stand for the group, 1 for the row. Over 50 indexes on the sales tables of TPC-DS, estimated over
# real size then lies in 0.43 to 1.31; with 0 it is 0.34 to 1.22, with 1 it is 0.88 to 3.38.
_DOUBT = 0.25
# Two columns hold the same values when their numbers and ranges differ by less.
_SAME = 0.05


def most_combinations(keys: Sequence[Key], table: Table, snapshot: Snapshot) -> float:
    """Return an upper bound of the distinct combinations of these columns, infinite when nothing tells."""
    distinct_by_name = {key.name: max(key.distinct, 1.0) for key in keys if key.name is not None}
    names = set(distinct_by_name)
    unnamed = math.prod(max(key.distinct, 1.0) for key in keys if key.name is None)

    def beside(together: Set[str]) -> float:
        return unnamed * math.prod(distinct_by_name[name] for name in names - together)

    bounds = [math.inf]
    for columns, referenced_rows in _references(table.name, _Same(snapshot)):
        if columns <= names:
            bounds.append(referenced_rows * beside(columns))
    told, presumed, groups = _grouped(table.name, _Same(snapshot))
    together = names & (told | presumed)
    if len(together) > 1:
        drawn = math.prod(distinct_by_name[name] for name in together & presumed)
        doubt = min(drawn, max(table.rows / groups, 1.0)) ** _DOUBT
        bounds.append(groups * doubt * beside(together))
    return min(bounds)


def counted_combinations(keys: Sequence[Key], table: Table, snapshot: Snapshot) -> float | None:
    """Return how many combinations extended statistics counted of exactly these columns."""
    names = {key.name for key in keys}
    if None in names:
        return None
    for known in snapshot.extended_statistics:
        if known.table != table.name:
            continue
        for one in known.distinct:
            if {known.columns[i] if i < len(known.columns) else None for i in one.keys} == names:
                return one.count
    return None


class _Same:
    """A snapshot as a key of a cache: equal to itself alone, for to compare two takes long."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def __hash__(self) -> int:
        return id(self.snapshot)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.snapshot is other.snapshot


@lru_cache(maxsize=2_048)
def _references(name: QualifiedName, same: _Same) -> tuple[tuple[frozenset[str], float], ...]:
    """Return the columns of each foreign key, declared or evident, with the rows of the table referenced."""
    snapshot, table = same.snapshot, same.snapshot.table_by_name[name]
    found = {
        frozenset(key.columns): snapshot.table_by_name[key.referenced_table].rows
        for key in snapshot.foreign_keys_by_table.get(name, ())
        if key.is_validated and key.referenced_table in snapshot.table_by_name
    }
    for other in snapshot.tables:
        if other.name != name and other.rows < table.rows:
            found |= {columns: other.rows for columns in _evident(table, other, snapshot) if columns not in found}
    return tuple((columns, max(rows, 1.0)) for columns, rows in found.items())


def _evident(table: Table, other: Table, snapshot: Snapshot) -> Iterator[frozenset[str]]:
    """Yield columns that have the names and the values of another table's unique key of several columns."""
    for unique in unique_keys(other.name, snapshot):
        if len(unique) == 1:
            continue
        pairs = [
            next((column.name for column in table.columns if _agree(table, column.name, other, key, snapshot)), None)
            for key in unique
        ]
        if None not in pairs:
            yield frozenset(name for name in pairs if name is not None)


def _agree(table: Table, column: str, other: Table, key: str, snapshot: Snapshot) -> bool:
    """Tell whether two columns have one name, a prefix for the table aside, and as many values from the same range."""
    if column != key and column.partition("_")[2] != key.partition("_")[2]:
        return False
    one = snapshot.statistics_by_column.get((table.name, column))
    two = snapshot.statistics_by_column.get((other.name, key))
    if one is None or two is None:
        return False
    first, second = one.distinct_count(table.rows), max(two.distinct_count(other.rows), 1.0)
    spans = _even_span(one), _even_span(two)
    if spans[0] is None or spans[1] is None:
        return False
    return abs(first / second - 1) < _SAME and abs(spans[0] / spans[1] - 1) < _SAME


@lru_cache(maxsize=2_048)
def _grouped(name: QualifiedName, same: _Same) -> tuple[frozenset[str], frozenset[str], float]:
    """Return the columns that are the same for a whole group of rows, those that may be, and the number of groups."""
    snapshot, table = same.snapshot, same.snapshot.table_by_name[name]
    group = _row_group(table, snapshot)
    if group is None:
        return frozenset(), frozenset(), math.inf
    told, presumed = _followers(group, table, snapshot)
    return told | {group.column}, presumed, distinct_values(table, group.column, group, snapshot)


def _row_group(table: Table, snapshot: Snapshot) -> ColumnStatistics | None:
    """Return the column of a unique key that rows are grouped by, as an order's number is, side by side."""
    for unique in unique_keys(table.name, snapshot):
        for column in unique if len(unique) > 1 else ():
            known = snapshot.statistics_by_column.get((table.name, column))
            if known is None or not is_side_by_side(known):
                continue
            if distinct_values(table, column, known, snapshot) < table.rows / 2:
                return known
    return None


def _followers(group: ColumnStatistics, table: Table, snapshot: Snapshot) -> tuple[frozenset[str], frozenset[str]]:
    """Return the columns that the sample shows to be the same for a whole group of rows, and those that may be.

    A column of which the sample does not tell may be where the majority of those of which it does tell is.
    """
    members = {column for unique in unique_keys(table.name, snapshot) for column in unique}
    verdicts: dict[str, bool | None] = {}
    for column in table.columns:
        known = snapshot.statistics_by_column.get((table.name, column.name))
        if column.name in members or known is None or column.base_type in _DRAWN_FREELY:
            continue
        is_number = column.base_type in _INTEGERS
        verdicts[column.name] = _follows(known, group, table, snapshot) if is_number else None
    told = frozenset(name for name, verdict in verdicts.items() if verdict)
    open_ones = frozenset(name for name, verdict in verdicts.items() if verdict is None)
    is_majority = 2 * len(told) > len(verdicts) - len(open_ones)
    return told, open_ones if is_majority else frozenset()


def _follows(known: ColumnStatistics, group: ColumnStatistics, table: Table, snapshot: Snapshot) -> bool | None:
    """Tell whether a column of whole numbers is drawn once a group; None when either could be.

    Both ways give an expectation of what ANALYZE estimates, if the numbers are drawn evenly from their range.
    """
    span = _even_span(known)
    rows = table.rows * (1 - known.null_fraction)
    if span is None or span > rows:
        return None
    groups = distinct_values(table, group.column, group, snapshot)
    anew = span * -math.expm1(-rows / span)
    # The same pairs of neighbours that make the groups look fewer make these values look fewer.
    hidden = max(0.0, 1 / max(group.distinct_count(table.rows), 1.0) - 1 / groups)
    shared = 1 / (1 / (span * -math.expm1(-groups / span)) + hidden)
    found = max(known.distinct_count(table.rows), 1.0)
    if anew < shared * _TELLING:
        return None
    return abs(math.log(found / shared)) < abs(math.log(found / anew))


def _even_span(known: ColumnStatistics) -> float | None:
    """Return the size of the range that whole numbers are drawn from evenly; None when they are not."""
    try:
        bounds = [int(value) for value in known.histogram or ()]
    except ValueError:
        return None
    if len(bounds) < 10:
        return None
    span = bounds[-1] - bounds[0]
    widest = max(after - before for before, after in pairwise(bounds))
    return span + 1.0 if span > 0 and widest * (len(bounds) - 1) <= _EVEN * span else None
