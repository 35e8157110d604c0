"""Text columns that hold UUIDs, by the sample values of `pg_stats`, grouped as they refer to one another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pgwright.checks.families import TableFamily, column_statistics, families
from pgwright.checks.references import ColumnName, Pair, References, components
from pgwright.model.snapshot import Snapshot

TEXT_TYPES = {"varchar", "text", "bpchar"}
# 36 characters and the one-byte header of a short value: what a column without statistics would take.
TEXT_BYTES = 37

# As the server writes a uuid: then the text and the uuid are one to one. 32 digits are as well an MD5.
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


@dataclass(frozen=True)
class TextColumn:
    """A text column that serves as a key or a reference, with what the statistics say of it."""

    name: ColumnName
    family: TableFamily
    values: tuple[str, ...]
    is_known: bool
    """False: the table holds rows, but nothing says what is in the column."""
    rows: float
    """Rows in which it is not null."""
    width: float
    """Bytes of a value, with its header."""
    distinct: float

    @cached_property
    def holds_only_uuids(self) -> bool:
        """True also when it holds nothing."""
        return all(map(_UUID.match, self.values))

    @cached_property
    def holds_uuids(self) -> bool:
        return any(map(_UUID.match, self.values))


def text_groups(snapshot: Snapshot, references: References) -> Iterator[list[TextColumn]]:
    """Yield groups of text columns that must change their type together, whatever they hold.

    A declared key, a name and a comparison in the workload tie columns; a name does not where the values show that the
    one has nothing to do with the other.
    """
    tables = families(snapshot)
    keys = _keys(snapshot, references)
    # A column of a foreign table or a materialised view may be text too: what is compared with it has to stay so.
    compared = [pair for pair in references.compared if all(_is_of_text(snapshot, name) for name in pair)]
    names = {*keys, *(name for pair in compared for name in pair if _is_text(snapshot, name))}
    columns = {name: _read(snapshot, tables[name[0]], name) for name in sorted(names)}
    named = [pair for pair in references.named if _are_related(columns, pair)]
    for group in components([*references.declared, *named, *compared], columns):
        if all(name in columns for name in group) and not keys.isdisjoint(group):
            yield [columns[name] for name in group]


def _are_related(columns: dict[ColumnName, TextColumn], pair: Pair) -> bool:
    """Tell whether two columns that a name ties may hold the same values."""
    ends = [columns[name] for name in pair if name in columns]
    return len(ends) == len(pair) and all(end.holds_uuids or not end.values for end in ends)


def _keys(snapshot: Snapshot, references: References) -> set[ColumnName]:
    """Return the text columns that are, or may be, keys and references."""
    found = {name for pair in references.declared for name in pair}
    for family in families(snapshot).values():
        found |= {references.owner(family.name, column) for column in family.head.primary_key}
        found |= {references.owner(family.name, c.name) for c in family.head.columns if c.name.endswith("_id")}
    return {name for name in found if _is_text(snapshot, name)}


def _is_text(snapshot: Snapshot, name: ColumnName) -> bool:
    is_table = snapshot.table_by_name[name[0]].kind in ("table", "partitioned table")
    return is_table and _is_of_text(snapshot, name)


def _is_of_text(snapshot: Snapshot, name: ColumnName) -> bool:
    return snapshot.column(*name).base_type in TEXT_TYPES


def _read(snapshot: Snapshot, family: TableFamily, name: ColumnName) -> TextColumn:
    found = column_statistics(snapshot, family, name[1])
    values = tuple(value.rstrip() for row in found for value in row.sample)
    is_empty = family.rows == 0 and (family.heap_bytes == 0 or family.head.last_analyze_at is not None)
    has_nulls_only = bool(found) and all(row.null_fraction == 1 for row in found)
    null_fraction = max((row.null_fraction for row in found), default=0.0)
    return TextColumn(
        name=name,
        family=family,
        values=values,
        is_known=bool(values) or is_empty or has_nulls_only,
        rows=family.rows * (1 - null_fraction),
        width=max((row.average_width for row in found), default=0) or TEXT_BYTES,
        distinct=max((row.distinct_count(family.rows) for row in found), default=0.0),
    )
