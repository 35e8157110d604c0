"""Make partitions without stopping anybody: a table like its parent, attached in one short transaction.

ATTACH takes SHARE UPDATE EXCLUSIVE on the table, which stops neither reads nor writes, and ACCESS EXCLUSIVE on the new
partition, which nobody knows yet. The new table is empty: it is read in no time, without a CHECK to prove its rows.

A DEFAULT partition changes that: ATTACH takes ACCESS EXCLUSIVE on it and reads it whole, for rows of the new range.
`default_partition.py` has what is done then.
Source: PostgreSQL manual, ALTER TABLE, ATTACH PARTITION.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from pgwright_runtime._sql import quote, read_sql
from pgwright_runtime.retention.partitions.catalog import PartitionedTable
from pgwright_runtime.retention.partitions.patience import PACKAGE, Patience, execute, sql_state
from pgwright_runtime.retention.partitions.plan import NewPartition

_UNKNOWN_TABLE = "42P01"
_GRANTS = text(read_sql(PACKAGE, "grants"))
_ROW_SECURITY = text(read_sql(PACKAGE, "row_security"))
_REPLICA_IDENTITY = text(read_sql(PACKAGE, "replica_identity"))


@dataclass(frozen=True)
class Making:
    """Makes partitions of one table."""

    table: PartitionedTable
    patience: Patience

    def create(self, connection: Connection, new: NewPartition) -> None:
        """Create the table of a partition, with all that its parent has and its siblings are set to."""
        parent = self.table.relation
        sibling = self.table.pattern
        kind = "UNLOGGED " if sibling is not None and sibling.is_unlogged else ""
        options = (
            f" WITH ({', '.join(map(_option, sibling.options))})" if sibling is not None and sibling.options else ""
        )
        space = f" TABLESPACE {quote(self.table.tablespace)}" if self.table.tablespace is not None else ""
        # Since PostgreSQL 17 a partition shares its parent's identity, and may not bring one.
        execute(
            connection, f"CREATE {kind}TABLE {new} (LIKE {parent} INCLUDING ALL EXCLUDING IDENTITY){options}{space}"
        )
        if execute(connection, "SELECT current_user").scalar_one() != self.table.owner:
            execute(connection, f"ALTER TABLE {new} OWNER TO {quote(self.table.owner)}")
        copy_access(connection, parent.oid, str(new))

    def attach(self, connection: Connection, new: NewPartition) -> None:
        """Attach the table of a partition that was created before."""
        key = self.table.key
        bound = f"FROM ({key.literal(new.lower)}) TO ({key.literal(new.upper)})"
        execute(connection, f"ALTER TABLE {self.table.relation} ATTACH PARTITION {new} FOR VALUES {bound}")
        copy_replica_identity(connection, self.table.relation.oid, str(new))

    def make(self, new: NewPartition) -> None:
        """Make one partition, where no DEFAULT partition is."""

        def step(connection: Connection) -> None:
            self.create(connection, new)
            self.attach(connection, new)

        self.patience.transact(f"attach {new}", [self.table.relation.oid], step)


def copy_access(connection: Connection, source: int, target: str) -> None:
    """Give a table the privileges and the row security of another.

    Without its row security, whoever has the privileges reads around the policies by the partition's name. Where a
    policy names the table in a subquery and so holds for no other, none is given: then all rows are hidden from whoever
    names the partition, and who names the table sees what its policies show.
    """
    copy_grants(connection, source, target)
    statements = row_security(connection, source, target)
    policies = [statement for statement in statements if statement.startswith("CREATE")]
    for statement in statements[: len(statements) - len(policies)]:
        execute(connection, statement)
    try:
        with connection.begin_nested():
            for statement in policies:
                execute(connection, statement)
    except DBAPIError as error:
        if sql_state(error) != _UNKNOWN_TABLE:
            raise


def copy_grants(connection: Connection, source: int, target: str) -> None:
    """Give a table the privileges of another, and no others."""
    for statement in connection.scalars(_GRANTS, {"source": source, "target": target}).all():
        execute(connection, statement)


def row_security(connection: Connection, source: int, target: str) -> list[str]:
    """Return the statements that give a table, which may not exist yet, the row security of another."""
    return list(connection.scalars(_ROW_SECURITY, {"source": source, "target": target}))


def copy_replica_identity(connection: Connection, source: int, target: str) -> None:
    """Give a partition the replica identity of its table, by its own index of the same kind."""
    for statement in connection.scalars(_REPLICA_IDENTITY, {"source": source, "target": target}).all():
        execute(connection, statement)


def _option(option: str) -> str:
    name, _, value = option.partition("=")
    literal = value.replace("'", "''")
    return f"{quote(name)} = '{literal}'"
