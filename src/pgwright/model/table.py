"""Tables, their columns, foreign keys and sequences, as the catalogs have them, with their use.

Sizes are bytes, pages blocks of 8,192 bytes, counters count since `Server.statistics_reset_at`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pgwright.model.names import QualifiedName

PAGE_BYTES = 8192
TableKind = Literal["table", "partitioned table", "materialized view", "foreign table"]
# What a full page holds of rows that nobody counted: src/backend/utils/adt/lsyscache.c, get_typavgwidth.
_TYPE_BYTES = {
    "bool": 1, "char": 1, "int2": 2, "int4": 4, "int8": 8, "float4": 4, "float8": 8, "date": 4, "time": 8,
    "timetz": 12, "timestamp": 8, "timestamptz": 8, "interval": 16, "uuid": 16, "oid": 4, "name": 64,
}  # fmt: skip
_OTHER_TYPE_BYTES = 32
_PAGE_HEADER_BYTES, _ALIGNMENT = 24, 8
# The header, aligned, and the line pointer.
_ROW_HEADER_BYTES = 24 + 4
ReferentialAction = Literal["no action", "restrict", "cascade", "set null", "set default"]


@dataclass(frozen=True)
class Column:
    name: str
    position: int
    type: str
    """As `format_type` writes it: `character varying(255)`."""
    base_type: str
    """As `pg_type.typname`, of the domain's base type where the type is a domain: `varchar`, `uuid`, `int4`."""
    is_nullable: bool
    default: str | None
    is_identity: bool
    is_generated: bool
    collation: str | None
    """None: the default of the type."""
    domain: QualifiedName | None = None
    """Where the type is a domain: its default, NOT NULL and CHECKs go with it."""
    is_deterministic: bool = True
    """False: its collation takes some texts for equal that differ."""


@dataclass(frozen=True)
class Table:
    """A table, partitioned table, materialised view or foreign table."""

    name: QualifiedName
    kind: TableKind
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    parent: QualifiedName | None
    """The partitioned or inherited-from table, where there is one."""
    row_estimate: float
    """`reltuples`; -1 when the table was never analyzed."""
    pages: int
    """Pages of the heap now, from its size in bytes."""
    analyzed_pages: int
    """`relpages`: pages when it was last analyzed or vacuumed."""
    all_visible_pages: int
    total_bytes: int
    """Heap, TOAST and indexes together."""
    sequential_scans: int
    sequential_rows_read: int
    index_scans: int
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    rows_hot_updated: int
    live_rows: int
    dead_rows: int
    rows_modified_since_analyze: int
    last_vacuum_at: str | None
    """By hand or by autovacuum, whichever is later; the same for the next."""
    last_analyze_at: str | None
    frozen_age: int
    """`age(relfrozenxid)` in transactions; 0 where it does not apply."""
    has_row_security: bool
    fill_factor: int
    parameters: tuple[str, ...] = ()
    """`reloptions`, as `name=value`."""
    partition_key: str = ""
    """Of a partitioned table, as `pg_get_partkeydef` writes it: `RANGE (created_at)`; "" of all others."""
    bound: str = ""
    """Of a partition, as `pg_get_expr` writes it: `FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')` or `DEFAULT`."""
    leaf_rows: float | None = None
    """Of a partitioned table the rows of its leaves together, at any depth; None of all others."""

    @property
    def rows(self) -> float:
        """Best guess of the rows now, as the planner makes it: density at the last analyze, times the pages of now.

        Of a partitioned table it is the sum over its leaves: autovacuum never analyzes the parent. Of a table never
        analyzed it is the live-row counter, which may be off by what was not reported yet; where that was reset, what
        the pages would hold.
        """
        if self.leaf_rows is not None:
            return self.leaf_rows
        if self.kind == "partitioned table":
            return max(self.row_estimate, float(self.live_rows), 0.0)
        if self.row_estimate < 0 or not self.analyzed_pages:
            is_counted = self.live_rows or self.dead_rows or self.rows_inserted
            counted = self.live_rows if is_counted else self.pages * _rows_a_page(self)
            return self.row_estimate if self.row_estimate > 0 else float(counted)
        return self.row_estimate / self.analyzed_pages * self.pages

    @property
    def heap_bytes(self) -> int:
        return self.pages * PAGE_BYTES

    @cached_property
    def column_by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}


# After the last referring column: FOREIGN KEY (a, PERIOD b). A column named so would stand in no such place.
_PERIOD = re.compile(r"\AFOREIGN KEY \((?:[^()]*, )?PERIOD ")


@dataclass(frozen=True)
class ForeignKey:
    name: str
    table: QualifiedName
    columns: tuple[str, ...]
    referenced_table: QualifiedName
    referenced_columns: tuple[str, ...]
    on_delete: ReferentialAction
    on_update: ReferentialAction
    is_validated: bool
    is_inherited: bool
    """True on a partition whose parent carries the constraint."""
    definition: str
    """The exact `pg_get_constraintdef`."""
    referenced_index: QualifiedName | None = None
    """The unique index that it rests on."""

    @property
    def is_enforced(self) -> bool:
        """False from PostgreSQL 18 on for a key that is only documentation: the server looks for no rows by it."""
        return not self.definition.endswith(" NOT ENFORCED")

    @property
    def is_temporal(self) -> bool:
        """True for a key with PERIOD, from PostgreSQL 18 on: its last column need not be equal, but overlap."""
        return _PERIOD.search(self.definition) is not None

    @property
    def equal_columns(self) -> tuple[str, ...]:
        """The columns in which the server looks for equal values."""
        return self.columns[:-1] if self.is_temporal else self.columns


@dataclass(frozen=True)
class Sequence:
    name: QualifiedName
    table: QualifiedName | None
    column: str | None
    """The column that owns it, or whose default draws from it."""
    last_value: int | None
    """None: never used, or the role may not read it, or its limit is out of reach."""
    limit: int
    """The largest value that both the sequence and its column can hold."""
    increment: int
    starts_over: bool = False
    """CYCLE: after the limit comes the first value again."""


def _rows_a_page(table: Table) -> int:
    """Return how many rows a full page holds, by the columns' types, as the planner guesses it (estimate_rel_size)."""
    data = sum(_TYPE_BYTES.get(column.base_type, _OTHER_TYPE_BYTES) for column in table.columns)
    aligned = -(-data // _ALIGNMENT) * _ALIGNMENT
    return int((PAGE_BYTES - _PAGE_HEADER_BYTES) * table.fill_factor / 100 / (aligned + _ROW_HEADER_BYTES))
