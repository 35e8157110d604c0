"""Which statements of a workload may run once for each row of others: those that fetch by a key, and their sources.

A key of one table and the columns of another one that hold its values are tied by a foreign key, by their names, or by
a join of the workload; a loop may go either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pgwright.checks.loop_rows import Expected, RowSource, expected_calls
from pgwright.checks.references import ColumnName, References
from pgwright.model.names import QualifiedName
from pgwright.model.snapshot import Snapshot
from pgwright.model.table import ForeignKey
from pgwright.sqltext import ColumnUse
from pgwright.workload.selects import Select, selects

# A source must return a list.
ROWS_A_CALL = 2.0


@dataclass(frozen=True)
class FetchLink:
    """Columns by which rows of one table are fetched, and those of another one that hold their values."""

    table: QualifiedName
    columns: tuple[str, ...]
    source: QualifiedName
    source_columns: tuple[str, ...]
    is_lookup: bool = field(compare=False)
    """The columns are the key that the others refer to."""


@dataclass(frozen=True, eq=False)
class Child:
    """A SELECT that fetches by a key, and the statements whose rows may hold the values that it is given."""

    select: Select
    link: FetchLink
    lists: tuple[RowSource, ...]
    """Those that return several rows a call."""
    singles: tuple[RowSource, ...]
    """Those whose rows hold one value a call: what follows each of their calls is no loop."""


def children(snapshot: Snapshot) -> tuple[Child, ...]:
    """Return every SELECT by a key, once for each way in which it may be driven."""
    return tuple(_Workload(snapshot).children())


class _Workload:
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._references = References(snapshot)
        self._selects = selects(snapshot)
        self._given = {one: self._owned(one.given) for one in self._selects}
        self._sources: dict[tuple[FetchLink, str], tuple[list[RowSource], list[RowSource]]] = {}
        self._readers: dict[tuple[QualifiedName, str], list[tuple[Select, frozenset[ColumnName]]]] = {}
        for one in self._selects:
            read = self._owned(one.read)
            for table in {table for table, _ in read}:
                self._readers.setdefault((table, one.role), []).append((one, read))

    def children(self) -> Iterator[Child]:
        links = _links_by_table(self._references)
        for select, given in self._given.items():
            for table in sorted({table for table, _ in given}):
                for link in _most_specific(link for link in links.get(table, ()) if _has(given, table, link.columns)):
                    yield self._child(select, link)

    def _child(self, select: Select, link: FetchLink) -> Child:
        place = link, select.role
        if place not in self._sources:
            self._sources[place] = self._all_sources(*place)
        lists, singles = (tuple(one for one in found if one.select is not select) for found in self._sources[place])
        return Child(select, link, lists, singles)

    def _all_sources(self, link: FetchLink, role: str) -> tuple[list[RowSource], list[RowSource]]:
        """Return the lists and the single rows that hold the values of a link."""
        lists: list[RowSource] = []
        singles: list[RowSource] = []
        for other, read in self._readers.get((link.source, role), ()):
            holds_them = bool(other.rows) and _has(read, link.source, link.source_columns)
            if not holds_them or self._has_them_already(other, link):
                continue
            is_fixed = _has(self._given[other], link.source, link.source_columns)
            expected = self._expected(other, link)
            if is_fixed or other.rows_per_call < ROWS_A_CALL:
                found = min(expected.of_rows, other.calls)
                singles.append(RowSource(other, found, found, other.calls))
            else:
                lists.append(RowSource(other, expected.of_rows, expected.of_values, other.calls))
        return lists, singles

    def _expected(self, other: Select, link: FetchLink) -> Expected:
        """Return how often a list explains a fetch; where a join repeats its rows, by the values that are joined."""
        places = [(link.source, link.source_columns)]
        if len(link.source_columns) == 1:
            column = link.source, link.source_columns[0]
            for block in other.shape.blocks:
                for join in block.joins:
                    ends = [self._references.owner(end.table, end.column) for end in (join.left, join.right)]
                    places += [(end[0], (end[1],)) for end in ends if column in ends and end != column]
        found = [expected_calls(other, table, columns, self._snapshot) for table, columns in dict.fromkeys(places)]
        return min(found, key=lambda one: one.of_values)

    def _has_them_already(self, other: Select, link: FetchLink) -> bool:
        """Tell whether a statement reads all of the rows that would be fetched: an eager load."""
        if link.table == link.source or link.table not in other.returned:
            return False
        whole = {ColumnUse(link.table, column) for column in self._snapshot.table_by_name[link.table].column_by_name}
        return whole <= other.read

    def _owned(self, uses: Iterable[ColumnUse]) -> frozenset[ColumnName]:
        return frozenset(self._references.owner(use.table, use.column) for use in uses)


def _has(known: frozenset[ColumnName], table: QualifiedName, columns: Iterable[str]) -> bool:
    return all((table, column) in known for column in columns)


def _most_specific(links: Iterable[FetchLink]) -> list[FetchLink]:
    """Return the links without those that another one to the same table has more columns of."""
    found = list(links)
    return [
        one
        for one in found
        if not any(
            one.source == other.source
            and set(one.columns) < set(other.columns)
            and set(one.source_columns) <= set(other.source_columns)
            for other in found
        )
    ]


def _links_by_table(references: References) -> dict[QualifiedName, list[FetchLink]]:
    found: dict[QualifiedName, list[FetchLink]] = {}
    for link in dict.fromkeys(_links(references)):
        found.setdefault(link.table, []).append(link)
    return found


def _links(references: References) -> Iterator[FetchLink]:
    for key in references.snapshot.foreign_keys:
        if not key.is_inherited:
            yield from _both_ways(references, key)
    for pair in references.implied:  # of a join, in no order
        for (table, column), (other, compared) in (pair, pair[::-1]):
            is_key = references.snapshot.table_by_name[table].primary_key == (column,)
            yield FetchLink(table, (column,), other, (compared,), is_lookup=is_key)


def _both_ways(references: References, key: ForeignKey) -> Iterator[FetchLink]:
    """Yield the links of a foreign key; of several columns also without those of the same name on both sides.

    These tell whose both rows are, as `tenant_id` does, and a policy may compare them in the statement's place.
    """
    table = references.owner(key.table, key.columns[0])[0]
    other = references.owner(key.referenced_table, key.referenced_columns[0])[0]
    whole = list(zip(key.columns, key.referenced_columns, strict=True))
    for pairs in (whole, [pair for pair in whole if pair[0] != pair[1]]):
        if pairs:
            own, theirs = (tuple(names) for names in zip(*pairs, strict=True))
            yield FetchLink(table, own, other, theirs, is_lookup=False)
            yield FetchLink(other, theirs, table, own, is_lookup=True)
