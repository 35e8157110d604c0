"""Make a partitioned table a plain one again: its largest partition becomes the table, and takes the others' rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from pgwright_runtime._sql import quote, quoted, read_sql
from pgwright_runtime.retention.partitions.catalog import FoundRelation, PartitionedTable
from pgwright_runtime.retention.partitions.converting import BUILD_WAIT_MS, build_index
from pgwright_runtime.retention.partitions.definitions import TableParts, read_parts
from pgwright_runtime.retention.partitions.errors import NotConvertible
from pgwright_runtime.retention.partitions.making import copy_grants, row_security
from pgwright_runtime.retention.partitions.names import fitting
from pgwright_runtime.retention.partitions.patience import PACKAGE, Patience, execute

# They move under the lock, in HOLD_MS at most.
MOST_ROWS = 100_000
HOLD_MS = 60_000
_COLUMNS = text(read_sql(PACKAGE, "columns"))
_POLICIES = text("SELECT polname FROM pg_policy WHERE polrelid = :oid")
_INDEXES = text("""
    SELECT child.relname AS child, parent.relname AS parent
    FROM pg_index i
    JOIN pg_inherits h ON h.inhrelid = i.indexrelid
    JOIN pg_class child ON child.oid = h.inhrelid
    JOIN pg_class parent ON parent.oid = h.inhparent
    WHERE i.indrelid = :oid
""")


@dataclass(frozen=True)
class Restoring:
    """Makes one partitioned table a plain one."""

    table: PartitionedTable
    primary_key: Sequence[str]
    """Its columns afterwards; none: it has no primary key, or keeps the one it has."""
    patience: Patience
    most_rows: int = MOST_ROWS

    @property
    def base(self) -> FoundRelation:
        """The partition that becomes the table."""
        return max(self.table.partitions, key=lambda one: one.total_bytes).relation

    @property
    def _key_index(self) -> str:
        return fitting(self.table.relation.name, "_pkey_pgwright")

    def run(self) -> None:
        """Restore the table. Raises: NotConvertible, LockNotGranted"""
        table = self.table.relation
        self._require()
        if self.primary_key:
            build_index(self.patience, self.base, self._key_index, ", ".join(map(quote, self.primary_key)))
        oids = [table.oid, *(one.relation.oid for one in self.table.partitions)]
        self.patience.transact(f"make {table} a plain table", oids, self._swap, HOLD_MS)
        self.patience.alone(f"analyze {table}", [table.oid], f"ANALYZE {table}", BUILD_WAIT_MS)

    def _require(self) -> None:
        table = self.table.relation
        obstacles = []
        if not self.table.partitions or any(one.is_partitioned for one in self.table.partitions):
            obstacles.append("it has no partition, or partitions that are partitioned")
        if self.table.pending:
            obstacles.append(f"{self.table.pending[0]} is being detached: ALTER TABLE … DETACH PARTITION … FINALIZE")
        if self.table.references:
            obstacles.append(f"foreign keys refer to it: {', '.join(self.table.references)}; drop them first")
        if obstacles:
            raise NotConvertible(str(table), "made whole", obstacles)
        others = f"SELECT FROM {table} WHERE tableoid <> {self.base.oid} LIMIT {self.most_rows + 1}"
        count = f"SELECT count(*) FROM ({others}) AS few"  # noqa: S608
        rows = self.patience.transact(
            f"count rows of {table}", [table.oid], lambda one: int(execute(one, count).scalar_one()), hold_ms=0
        )
        if rows > self.most_rows:
            reason = (
                f"its partitions other than {self.base} hold more than {self.most_rows:,} rows, which would move while "
                "nobody reads or writes: raise most_rows if you can wait for that"
            )
            raise NotConvertible(str(table), "made whole", [reason])

    def _swap(self, connection: Connection) -> None:
        table, base = self.table.relation, self.base
        gone = FoundRelation(table.oid, table.schema, fitting(table.name, "_pgwright"))
        execute(connection, "SET LOCAL search_path = ''")
        execute(connection, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        parts = read_parts(connection, table)
        security = row_security(connection, table.oid, str(table))  # now: conditions may bear the table's name
        identities = parts.take_identities(connection)
        names = connection.execute(_INDEXES, {"oid": base.oid}).all()
        execute(connection, f"ALTER TABLE {table} DETACH PARTITION {base}")
        columns = connection.execute(_COLUMNS, {"oid": base.oid}).scalar_one()
        execute(
            connection,
            f"INSERT INTO {base} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM {table}",  # noqa: S608
        )
        parts.drop_triggers(connection)
        execute(connection, f"ALTER TABLE {table} RENAME TO {quote(gone.name)}")
        execute(connection, f"ALTER TABLE {base} RENAME TO {quote(table.name)}")
        parts.give_sequences(connection)
        parts.give_views(connection)
        parts.give_publications(connection, str(gone))
        copy_grants(connection, table.oid, str(table))
        execute(connection, f"DROP TABLE {gone}")
        for policy in connection.scalars(_POLICIES, {"oid": base.oid}).all():
            execute(connection, f"DROP POLICY {quote(policy)} ON {table}")
        for statement in security:
            execute(connection, statement)
        for row in names:
            execute(connection, f"ALTER INDEX {quoted(row.child, table.schema)} RENAME TO {quote(row.parent)}")
        self._give_key(connection, parts)
        parts.give_identities(connection, identities)
        parts.give_triggers(connection)
        parts.give_comment(connection)
        parts.give_replica_identity(connection)

    def _give_key(self, connection: Connection, parts: TableParts) -> None:
        if not self.primary_key:
            return
        table = self.table.relation
        (old,) = parts.of("primary key")
        execute(connection, f"ALTER TABLE {table} DROP CONSTRAINT {quote(old.name)}")
        add = f"ADD CONSTRAINT {quote(old.name)} PRIMARY KEY USING INDEX {quote(self._key_index)}"
        execute(connection, f"ALTER TABLE {table} {add}")
