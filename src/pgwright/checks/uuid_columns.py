"""Text columns that hold UUIDs, by the sample values of `pg_stats`, grouped as they refer to one another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pgwright.checks.families import TableFamily, column_statistics, families
from pgwright.checks.references import ColumnName, References, components
from pgwright.model.change import UuidFormat
from pgwright.model.snapshot import Snapshot

TEXT_TYPES = {"varchar", "text", "bpchar"}
# 36 characters and the one-byte header of a short value: what a column without statistics would take.
TEXT_BYTES = 37

_HYPHENATED = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_PLAIN = re.compile(r"[0-9a-fA-F]{32}\Z")
# RFC 9562: the version 1 to 8 in the 13th digit, the variant 10xx in the 17th.
_VERSIONED = re.compile(r"[0-9a-fA-F]{12}[1-8][0-9a-fA-F]{3}[89abAB][0-9a-fA-F]{15}\Z")


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
        return all(_HYPHENATED.match(value) or _PLAIN.match(value) for value in self.values)

    @property
    def may_hold_hashes(self) -> bool:
        """True when values of 32 digits carry no UUID version: MD5, for one, looks like that."""
        return not all(_VERSIONED.match(value) for value in self.values if "-" not in value)

    @property
    def format(self) -> UuidFormat | None:
        """None without values."""
        kinds: set[UuidFormat] = {"hyphenated" if "-" in value else "plain" for value in self.values}
        return "mixed" if len(kinds) > 1 else next(iter(kinds), None)


def text_groups(snapshot: Snapshot, references: References) -> Iterator[list[TextColumn]]:
    """Yield groups of text columns that must change their type together, whatever they hold."""
    tables = families(snapshot)
    columns = {name: _read(snapshot, tables[name[0]], name) for name in _candidates(snapshot, references)}
    # A name or a join may mislead: it ties two columns only where both hold UUIDs, or nothing at all, or are hidden.
    implied = [
        pair
        for pair in references.implied
        if all(name in columns and (_fits(columns[name]) or snapshot.unread("statistics", name[0])) for name in pair)
    ]
    for group in components([*references.declared, *implied], columns):
        if all(name in columns for name in group):
            yield [columns[name] for name in group]


def _candidates(snapshot: Snapshot, references: References) -> list[ColumnName]:
    found = {name for pair in references.declared for name in pair}
    for family in families(snapshot).values():
        found |= {references.owner(family.name, column) for column in family.head.primary_key}
        found |= {references.owner(family.name, c.name) for c in family.head.columns if c.name.endswith("_id")}
    return sorted(name for name in found if _is_text(snapshot, name))


def _is_text(snapshot: Snapshot, name: ColumnName) -> bool:
    table = snapshot.table_by_name[name[0]]
    return table.kind in ("table", "partitioned table") and table.column_by_name[name[1]].base_type in TEXT_TYPES


def _fits(column: TextColumn) -> bool:
    return column.is_known and column.holds_only_uuids


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
