"""A change to the database that a finding asks for, before it is rendered as SQL or Alembic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName

UuidFormat = Literal["hyphenated", "plain", "mixed"]


@dataclass(frozen=True)
class CreateIndex:
    """Build an index without blocking writes."""

    definition: IndexDefinition
    is_partitioned: bool = False
    """The table is partitioned: build on each partition, then attach."""
    size_bytes: int | None = None
    """Estimated; None when nobody estimated it."""


@dataclass(frozen=True)
class ExpressionStatistics:
    """A CREATE STATISTICS object that knows of an expression what ANALYZE knew by an index on it."""

    name: QualifiedName
    table: QualifiedName
    expression: str
    target: str = ""
    """The statistics target that the index's column has, where one is set."""


@dataclass(frozen=True)
class DropIndex:
    """Drop an index that no constraint owns."""

    name: QualifiedName
    table: QualifiedName
    sql: str
    """`pg_get_indexdef`, to create it again in the downgrade."""
    size_bytes: int
    statistics: tuple[ExpressionStatistics, ...] = ()
    """What has to be there first, for nothing else would tell the planner of these expressions."""


@dataclass(frozen=True)
class RebuildIndex:
    """Drop an invalid index and build it again, both without blocking writes."""

    name: QualifiedName
    table: QualifiedName
    sql: str


@dataclass(frozen=True)
class UniqueAmongLiving:
    """Replace a unique index or constraint by a unique index that skips soft-deleted rows."""

    replaces: QualifiedName
    """The index."""
    constraint: str | None
    """The constraint that owns it, where one does."""
    sql: str
    """`pg_get_indexdef` of what is replaced."""
    definition: IndexDefinition
    statistics: tuple[ExpressionStatistics, ...] = ()
    """As those of DropIndex: a partial index tells the planner of no expression."""


@dataclass(frozen=True)
class ColumnConversion:
    """One column that changes its type."""

    table: QualifiedName
    column: str
    from_type: str
    to_type: str
    default: str | None = None
    """The column's default today, as SQL; it is dropped, converted and set again."""
    uuid_format: UuidFormat | None = None
    """For text that holds UUIDs: how it is written, so that the downgrade writes it back."""
    table_bytes: int = 0
    """Heap, TOAST and indexes of the table, which is rewritten."""
    time_zone: str | None = None
    """For a `timestamp` that becomes `timestamptz`: the zone in which it was written, as the team states it."""


@dataclass(frozen=True)
class DetachedKey:
    """A foreign key that has to be dropped while its columns change type, and added again."""

    name: str
    table: QualifiedName
    definition: str
    """`pg_get_constraintdef`."""


@dataclass(frozen=True)
class ConvertColumns:
    """Change the type of columns that reference one another, all together or not at all."""

    columns: tuple[ColumnConversion, ...]
    foreign_keys: tuple[DetachedKey, ...]


OnlineStage = Literal["expand", "build", "swap", "contract"]


@dataclass(frozen=True)
class ConvertOnline(ConvertColumns):
    """One revision of the series that does the same while old and new code run."""

    stage: OnlineStage


@dataclass(frozen=True)
class CascadeDelete:
    """Add a foreign key again, by which the database deletes the children together with their parent."""

    name: str
    table: QualifiedName
    columns: tuple[str, ...]
    referenced_table: QualifiedName
    definition: str
    """`pg_get_constraintdef`, as it is."""
    cascading: str
    """The same with ON DELETE CASCADE."""


@dataclass(frozen=True)
class AnalyzeTable:
    """Gather the planner's statistics."""

    table: QualifiedName


Change = CreateIndex | DropIndex | RebuildIndex | UniqueAmongLiving | ConvertColumns | CascadeDelete | AnalyzeTable
