"""What one reading of a database holds: everything that the checks, the advisor and the twin need; no rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from pgwright.model.dependent import Dependent
from pgwright.model.index import Index
from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.policy import Policy
from pgwright.model.server import Role, RoleSetting, Server, Session, Setting
from pgwright.model.statement import Statement
from pgwright.model.statistics import ColumnStatistics, ExtendedStatistics
from pgwright.model.table import Column, ForeignKey, Sequence, Table

# Raise it when a file written before can no longer be read.
FORMAT = 1


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
    dependents: tuple[Dependent, ...] = ()
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
    def partitions_by_table(self) -> dict[QualifiedName, tuple[Table, ...]]:
        """The partitions of each partitioned table, those one level below."""
        grouped: dict[QualifiedName, list[Table]] = {}
        for table in self.tables:
            parent = self.table_by_name.get(table.parent) if table.parent is not None else None
            if parent is not None and parent.kind == "partitioned table":
                grouped.setdefault(parent.name, []).append(table)
        return {table: tuple(partitions) for table, partitions in grouped.items()}

    @cached_property
    def relation_names(self) -> frozenset[QualifiedName]:
        """The names that a new index cannot have."""
        relations: tuple[Table | Index | Sequence, ...] = (*self.tables, *self.indexes, *self.sequences)
        return frozenset(relation.name for relation in relations)

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
    def dependents_by_table(self) -> dict[QualifiedName, tuple[Dependent, ...]]:
        grouped: dict[QualifiedName, list[Dependent]] = {}
        for dependent in self.dependents:
            grouped.setdefault(dependent.table, []).append(dependent)
        return {table: tuple(dependents) for table, dependents in grouped.items()}

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
