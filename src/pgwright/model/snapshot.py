"""What one reading of a database holds: everything that the checks, the advisor and the twin need; no rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from pgwright.model.dependent import Dependent
from pgwright.model.index import Index
from pgwright.model.materialized_view import MaterializedViewState
from pgwright.model.names import QualifiedName, quote
from pgwright.model.not_examined import NotExamined
from pgwright.model.partitions import of_all_leaves
from pgwright.model.policy import Policy
from pgwright.model.server import Role, RoleSetting, Server, Session, Setting
from pgwright.model.statement import NONE_UNREAD, Statement, UnreadStatements
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
    unread_statements: UnreadStatements = field(default=NONE_UNREAD)
    observed_seconds: float | None = None
    """How long `pg_stat_statements` has counted the statements; None: unknown, as before PostgreSQL 14."""
    materialized_views: tuple[MaterializedViewState, ...] = ()
    """() also in files that were written before it was read."""

    @cached_property
    def counted_seconds(self) -> float | None:
        """How long the counters of tables and indexes have counted; None: unknown."""
        since = self.server.statistics_reset_at
        if since is None:
            return None
        try:
            age = datetime.fromisoformat(self.taken_at) - datetime.fromisoformat(since)
        except (TypeError, ValueError):  # one without a time zone, or none at all
            return None
        return max(0.0, age.total_seconds())

    @cached_property
    def own_sessions(self) -> tuple[Session, ...]:
        """The sessions in this database: `sessions` has those of the whole server."""
        return tuple(one for one in self.sessions if one.database in ("", self.server.database))

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
    def _children(self) -> dict[QualifiedName, list[QualifiedName]]:
        grouped: dict[QualifiedName, list[QualifiedName]] = {}
        for table in self.tables:
            if table.parent is not None:
                grouped.setdefault(table.parent, []).append(table.name)
        return grouped

    def heirs(self, table: QualifiedName) -> Iterator[QualifiedName]:
        """Yield the partitions of a table and what inherits from it, at any depth."""
        for child in self._children.get(table, ()):
            yield child
            yield from self.heirs(child)

    def leaves(self, table: QualifiedName) -> Iterator[Table]:
        """Yield the tables that hold the rows of a partitioned one, at any depth; any other table is its own leaf."""
        for partition in self.partitions_by_table.get(table, ()):
            yield from self.leaves(partition.name)
        if self.table_by_name[table].kind != "partitioned table":
            yield self.table_by_name[table]

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
        """Statistics of each column; of a parent table, those that include its children where there are any.

        Those of a partitioned table that was never analyzed are put together from its leaves, if none is hidden.
        """
        ordered = sorted(self.statistics, key=lambda row: row.is_inherited)
        known = {(row.relation, row.column): row for row in ordered}
        for name in self.partitions_by_table:
            leaves = tuple(self.leaves(name))
            if any(self.unread("statistics", leaf.name) is not None for leaf in leaves):
                continue
            for column in self.table_by_name[name].column_by_name:
                parts = [(row, leaf.rows) for leaf in leaves if (row := known.get((leaf.name, column))) is not None]
                if (name, column) not in known and (whole := of_all_leaves(parts)) is not None:
                    known[name, column] = replace(whole, relation=name)
        return known

    @cached_property
    def statistics_by_relation(self) -> dict[QualifiedName, tuple[ColumnStatistics, ...]]:
        grouped: dict[QualifiedName, list[ColumnStatistics]] = {}
        for row in self.statistics:
            grouped.setdefault(row.relation, []).append(row)
        return {relation: tuple(rows) for relation, rows in grouped.items()}

    @cached_property
    def setting_by_name(self) -> dict[str, Setting]:
        return {setting.name: setting for setting in self.settings}

    def unread(self, part: str, relation: QualifiedName) -> NotExamined | None:
        """Return why a part of the snapshot lacks what belongs to one table; None when it was read."""
        return self._unread.get((part, relation))

    @cached_property
    def _unread(self) -> dict[tuple[str, QualifiedName], NotExamined]:
        entries = reversed(self.not_examined)  # the first one counts
        return {(part, name): one for one in entries for part in one.parts for name in one.relations}

    def without(self, relations: Collection[QualifiedName]) -> Snapshot:
        """Return what is left to be judged without some tables: nothing of them and of their partitions.

        Of a partition the whole partitioned table goes: what its other parts count says little. Keys of others to these
        tables stay, and the tables can still be looked up by name.
        """
        gone = {self._root(name) for name in relations}
        left = replace(
            self,
            tables=tuple(one for one in self.tables if self._root(one.name) not in gone),
            indexes=tuple(one for one in self.indexes if self._root(one.table) not in gone),
            foreign_keys=tuple(key for key in self.foreign_keys if self._root(key.table) not in gone),
            dependents=tuple(one for one in self.dependents if self._root(one.table) not in gone),
            sequences=tuple(one for one in self.sequences if one.table is None or self._root(one.table) not in gone),
            statistics=tuple(one for one in self.statistics if self._root(one.relation) not in gone),
            materialized_views=tuple(one for one in self.materialized_views if one.name not in gone),
        )
        vars(left)["table_by_name"] = self.table_by_name  # where the cached property keeps it
        return left

    def _root(self, name: QualifiedName) -> QualifiedName:
        """Return the partitioned table that a table is a part of, at any depth; the table itself where it is none."""
        table = self.table_by_name.get(name)
        parent = self.table_by_name.get(table.parent) if table is not None and table.parent is not None else None
        return self._root(parent.name) if parent is not None and parent.kind == "partitioned table" else name

    @cached_property
    def _value_by_role(self) -> dict[tuple[str, str], str]:
        return {(setting.role, setting.name): setting.value for setting in self.role_settings}

    def setting_of(self, role: str, name: str) -> str | None:
        """Return what a new session of a role has for a setting; None when that is not known.

        ALTER ROLE beats ALTER DATABASE, which beats the server's own; where the role that reads has one of its own, the
        server's cannot be seen.
        """
        fixed = self._value_by_role
        own, general = fixed.get((role, name)), fixed.get(("", name))
        if own is not None or general is not None:
            return own if own is not None else general
        known = self.setting_by_name.get(name)
        return None if known is None or (self.server.role, name) in fixed else known.raw

    def column(self, table: QualifiedName, name: str) -> Column:
        """Return a column that is known to exist. Raises KeyError otherwise."""
        return self.table_by_name[table].column_by_name[name]

    def describe(self, table: QualifiedName, columns: tuple[str, ...]) -> str:
        """Return `table (a, b)` as a person reads it."""
        return f"{table.short} ({', '.join(map(quote, columns))})"
