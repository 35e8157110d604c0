"""What one reading of a database holds: everything that the checks, the advisor and the twin need; no rows.

Sizes are bytes, pages are blocks of 8,192 bytes, times of statements milliseconds, ages seconds.
Timestamps are ISO 8601 with a time zone. Counters count since `Server.statistics_reset_at`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pgwright.model.index import IndexDefinition
from pgwright.model.names import QualifiedName, quote
from pgwright.model.policy import Policy

PAGE_BYTES = 8192

# Raise it when a file written before can no longer be read.
FORMAT = 1

Subject = Literal["keys", "indexes", "queries", "connections", "retention", "vacuum", "settings", "security"]
TableKind = Literal["table", "partitioned table", "materialized view", "foreign table"]
ReferentialAction = Literal["no action", "restrict", "cascade", "set null", "set default"]
StatisticsKind = Literal["ndistinct", "dependencies", "mcv", "expressions"]


@dataclass(frozen=True)
class Server:
    """The server, the database and the role that we read with."""

    version_number: int
    """As `server_version_num`: 180006 is 18.6."""
    database: str
    database_bytes: int
    role: str
    role_is_superuser: bool
    started_at: str | None
    statistics_reset_at: str | None
    """None: never reset, so the counters are as old as the server's data."""
    is_standby: bool
    replica_count: int
    """Streaming replicas seen in `pg_stat_replication`; 0 also when the role may not look."""
    is_pooled: bool
    """True when a pooler (PgBouncer and the like) stands between us and the server."""
    blocks_hit: int
    blocks_read: int
    extensions: tuple[str, ...]
    available_extensions: tuple[str, ...]
    transaction_id_age: int
    """`age(datfrozenxid)` of this database, in transactions."""
    alembic_revisions: tuple[str, ...]
    """What `alembic_version` holds; empty when there is no such table."""
    collation: str
    """`datcollate`: of the database; "C" and "POSIX" compare bytes."""
    public_may_create: bool
    """True when every role may create objects in the schema `public`."""
    locale_provider: Literal["builtin", "icu", "libc"] = "libc"
    """Who compares strings in this database."""
    locale: str | None = None
    """What the provider compares by, where that is not `collation`: `en-US-x-icu`, `C.UTF-8`."""

    @property
    def major(self) -> int:
        return self.version_number // 10_000

    @property
    def version(self) -> str:
        return f"{self.major}.{self.version_number % 10_000}"


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

    @property
    def rows(self) -> float:
        """Best guess of the rows now, as the planner makes it: density at the last analyze, times the pages of now.

        Of a table never analyzed it is the live-row counter, which may be off by what was not reported yet.
        """
        if self.row_estimate < 0:
            return float(self.live_rows)
        if not self.analyzed_pages or self.kind == "partitioned table":
            return self.row_estimate or float(self.live_rows)
        return self.row_estimate / self.analyzed_pages * self.pages

    @property
    def heap_bytes(self) -> int:
        return self.pages * PAGE_BYTES

    @cached_property
    def column_by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}


@dataclass(frozen=True)
class Index:
    """An index that exists, with its use."""

    name: QualifiedName
    definition: IndexDefinition
    sql: str
    """The exact `pg_get_indexdef`, to create it again."""
    is_primary: bool
    constraint: str | None
    """The name of the primary-key, unique or exclusion constraint that owns it."""
    is_exclusion: bool
    is_valid: bool
    is_replica_identity: bool
    parent: QualifiedName | None
    """The partitioned index that it belongs to."""
    size_bytes: int
    pages: int
    analyzed_pages: int
    row_estimate: float
    tree_height: int | None
    """Levels above the leaves of a B-tree; None when it could not be read or is no B-tree."""
    scans: int
    rows_read: int
    last_scan_at: str | None
    """Known from PostgreSQL 16 on."""

    @property
    def table(self) -> QualifiedName:
        return self.definition.table

    @property
    def enforces(self) -> bool:
        """True when data correctness rests on it, so that it may never be dropped as unused."""
        return self.definition.is_unique or self.is_exclusion or self.constraint is not None or self.is_replica_identity


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


@dataclass(frozen=True)
class Sequence:
    name: QualifiedName
    table: QualifiedName | None
    column: str | None
    """The column that owns it, or whose default draws from it."""
    last_value: int | None
    """None: never used, or the role may not read it."""
    limit: int
    """The largest value that both the sequence and its column can hold."""
    increment: int
    starts_over: bool = False
    """CYCLE: after the limit comes the first value again."""


@dataclass(frozen=True)
class ColumnStatistics:
    """One row of `pg_stats`. Values are in text form; all value fields are None when they were left out on request."""

    relation: QualifiedName
    """A table, or an index when the statistics are of an index expression."""
    column: str
    is_inherited: bool
    null_fraction: float
    average_width: int
    distinct: float
    """`n_distinct`: a count when positive, minus a share of the rows when negative."""
    correlation: float | None
    common_values: tuple[str, ...] | None
    common_frequencies: tuple[float, ...] | None
    histogram: tuple[str, ...] | None
    common_elements: tuple[str, ...] | None = None
    common_element_frequencies: tuple[float, ...] | None = None
    element_count_histogram: tuple[float, ...] | None = None
    range_length_histogram: str | None = None
    range_empty_fraction: float | None = None
    range_bounds_histogram: str | None = None

    @property
    def sample(self) -> tuple[str, ...]:
        """Every value that the statistics hold, common ones first."""
        return (self.common_values or ()) + (self.histogram or ())

    def distinct_count(self, rows: float) -> float:
        """Number of distinct values in a table of so many rows."""
        return self.distinct if self.distinct >= 0 else -self.distinct * rows


@dataclass(frozen=True)
class DistinctCombinations:
    """How many different values several keys of an ExtendedStatistics have together."""

    keys: tuple[int, ...]
    """Places among its columns and expressions, from 0."""
    count: float


@dataclass(frozen=True)
class Dependency:
    """How far some keys of an ExtendedStatistics fix another one."""

    keys: tuple[int, ...]
    """Places among its columns and expressions, from 0; the last key depends on the others."""
    degree: float
    """In [0, 1]: the share of rows for which it holds."""


@dataclass(frozen=True)
class CommonCombination:
    """A common combination of values of all keys of an ExtendedStatistics."""

    values: tuple[str | None, ...]
    """In text form, one a key; None for NULL."""
    frequency: float
    """Share of the rows."""
    base_frequency: float
    """What the share would be if the keys were independent."""


@dataclass(frozen=True)
class ExtendedStatistics:
    """What one CREATE STATISTICS object knows; on a parent table there is one for it alone, one with its children."""

    name: QualifiedName
    table: QualifiedName
    kinds: tuple[StatisticsKind, ...]
    columns: tuple[str, ...]
    expressions: tuple[str, ...]
    """SQL text. The object's keys are its columns, then its expressions."""
    is_inherited: bool
    is_readable: bool
    """False: only the table's owner may read the values."""
    distinct: tuple[DistinctCombinations, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    common: tuple[CommonCombination, ...] = ()
    """Empty also when sample values were left out on request."""
    expression_statistics: tuple[ColumnStatistics | None, ...] = ()
    """One an expression; None: never analyzed."""


@dataclass(frozen=True)
class Statement:
    """One statement of the workload, from `pg_stat_statements`."""

    query_id: int
    text: str
    """Normalised: constants are `$1`, `$2`, …"""
    role: str
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float
    deviation_ms: float
    rows: int
    blocks_hit: int
    blocks_read: int
    temporary_blocks_written: int

    @property
    def rows_per_call(self) -> float:
        return self.rows / self.calls if self.calls else 0.0


@dataclass(frozen=True)
class Setting:
    name: str
    value: str
    """As `SHOW` prints it, with its unit."""
    raw: str
    """As `pg_settings.setting`, a number in the setting's own unit."""
    is_default: bool
    is_planner: bool
    """True when it changes plans; such settings are copied to the twin."""


@dataclass(frozen=True)
class RoleSetting:
    """A setting that ALTER ROLE or ALTER DATABASE fixed; `role` is "" when it is for every role."""

    role: str
    name: str
    value: str


@dataclass(frozen=True)
class Role:
    """A role that ran a statement of the workload or holds a connection."""

    name: str
    is_superuser: bool
    bypasses_row_security: bool


@dataclass(frozen=True)
class Session:
    """A client connection at the moment of reading."""

    application: str
    role: str
    state: str
    """`active`, `idle`, `idle in transaction`, …; "" when the role may not see it."""
    state_seconds: float
    transaction_seconds: float


@dataclass(frozen=True)
class NotExamined:
    """Something that could not be looked at. Never silence, and never 'fine'."""

    what: str
    """A subject, a check, or an object."""
    reason: str
    remedy: str = ""
    """What would make it possible, often a GRANT; "" when nothing would."""


@dataclass(frozen=True)
class Snapshot:
    """One reading of one database."""

    format: int
    taken_at: str
    server: Server
    policy: Policy
    tables: tuple[Table, ...] = ()
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    statistics: tuple[ColumnStatistics, ...] = ()
    extended_statistics: tuple[ExtendedStatistics, ...] = ()
    statements: tuple[Statement, ...] = ()
    settings: tuple[Setting, ...] = ()
    role_settings: tuple[RoleSetting, ...] = ()
    roles: tuple[Role, ...] = ()
    sessions: tuple[Session, ...] = ()
    schema_sql: str = ""
    """`pg_dump --schema-only` of the database; "" when it could not be taken."""
    not_examined: tuple[NotExamined, ...] = field(default=())

    @cached_property
    def table_by_name(self) -> dict[QualifiedName, Table]:
        return {table.name: table for table in self.tables}

    @cached_property
    def indexes_by_table(self) -> dict[QualifiedName, tuple[Index, ...]]:
        grouped: dict[QualifiedName, list[Index]] = {}
        for index in self.indexes:
            grouped.setdefault(index.table, []).append(index)
        return {table: tuple(indexes) for table, indexes in grouped.items()}

    @cached_property
    def foreign_keys_by_table(self) -> dict[QualifiedName, tuple[ForeignKey, ...]]:
        grouped: dict[QualifiedName, list[ForeignKey]] = {}
        for key in self.foreign_keys:
            grouped.setdefault(key.table, []).append(key)
        return {table: tuple(keys) for table, keys in grouped.items()}

    @cached_property
    def statistics_by_column(self) -> dict[tuple[QualifiedName, str], ColumnStatistics]:
        """Statistics of each column; of a parent table, those that include its children where there are any."""
        ordered = sorted(self.statistics, key=lambda row: row.is_inherited)
        return {(row.relation, row.column): row for row in ordered}

    @cached_property
    def statistics_by_relation(self) -> dict[QualifiedName, tuple[ColumnStatistics, ...]]:
        grouped: dict[QualifiedName, list[ColumnStatistics]] = {}
        for row in self.statistics:
            grouped.setdefault(row.relation, []).append(row)
        return {relation: tuple(rows) for relation, rows in grouped.items()}

    @cached_property
    def setting_by_name(self) -> dict[str, Setting]:
        return {setting.name: setting for setting in self.settings}

    def column(self, table: QualifiedName, name: str) -> Column:
        """Return a column that is known to exist. Raises KeyError otherwise."""
        return self.table_by_name[table].column_by_name[name]

    def describe(self, table: QualifiedName, columns: tuple[str, ...]) -> str:
        """Return `table (a, b)` as a person reads it."""
        return f"{table.short} ({', '.join(map(quote, columns))})"
