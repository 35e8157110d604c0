"""Detach what is due, then drop it: each step short, each repeatable, whatever moment a run was killed at.

DETACH CONCURRENTLY waits for those who read the table, and nobody queues behind it. It needs PostgreSQL 14, and no
DEFAULT partition; elsewhere DETACH takes ACCESS EXCLUSIVE on the table for a moment, and gives up soon if it must wait.
A partition gets a comment before it is detached, by which a later run finds it if this one ends here.
Source: PostgreSQL manual, ALTER TABLE, DETACH PARTITION.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from pgwright_runtime.retention.partitions.catalog import FoundRelation, Partition, PartitionedTable
from pgwright_runtime.retention.partitions.errors import PartitionKept
from pgwright_runtime.retention.partitions.patience import LOCK_NOT_AVAILABLE, Patience, execute, sql_state

# DETACH CONCURRENTLY came with it.
_CONCURRENTLY_SINCE = 140_000
# Nobody who reads or writes queues behind it.
CONCURRENT_WAIT_MS = 5_000
_STILL_REFERRED = "23503"

IsHeld = Callable[[Connection, FoundRelation], bool]
"""Says whether a table has rows that somebody must keep."""


@dataclass(frozen=True)
class Dropping:
    """Detaches and drops partitions of one table."""

    table: PartitionedTable
    patience: Patience
    is_held: IsHeld | None
    drops: bool

    def detach(self, partition: Partition) -> None:
        """Detach a partition. Raises: PartitionKept, LockNotGranted"""
        try:
            self.patience.transact(
                f"look at {partition.relation}",
                [partition.relation.oid],
                lambda one: self._prepare(one, partition),
                hold_ms=0,
            )
            if self.table.version >= _CONCURRENTLY_SINCE and self.table.default is None:
                self._detach_concurrently(partition)
            else:
                self._detach_at_once(partition)
        except DBAPIError as error:
            if sql_state(error) != _STILL_REFERRED:
                raise
            self._unmark(partition.relation)
            raise PartitionKept(f"rows refer to its rows: {', '.join(self.table.references)}") from error

    def finalize(self, partition: Partition) -> None:
        """End a detachment that was interrupted. Raises: LockNotGranted"""
        statement = f"ALTER TABLE {self.table.relation} DETACH PARTITION {partition.relation} FINALIZE"
        oids = [self.table.relation.oid, partition.relation.oid]
        self.patience.alone(f"finish detaching {partition.relation}", oids, statement)

    def drop(self, table: FoundRelation) -> None:
        """Drop a table that was detached to be dropped. Raises: PartitionKept, LockNotGranted"""

        def step(connection: Connection) -> None:
            if self.is_held is not None and self.is_held(connection, table):
                raise PartitionKept(
                    "it is detached, and has rows on hold. Attach it again, or keep it as a table of its own"
                )
            execute(connection, table.drop)

        self.patience.transact(f"drop {table}", [table.oid], step, hold_ms=0)

    def _prepare(self, connection: Connection, partition: Partition) -> None:
        if self.is_held is not None and self.is_held(connection, partition.relation):
            raise PartitionKept("it has rows on hold")
        if self.drops:
            self._comment(connection, partition.relation, f"'{self.table.mark.replace(chr(39), 2 * chr(39))}'")

    def _unmark(self, partition: FoundRelation) -> None:
        if self.drops:
            what = f"comment on {partition}"
            self.patience.transact(what, [partition.oid], lambda one: self._comment(one, partition, "NULL"))

    def _comment(self, connection: Connection, partition: FoundRelation, words: str) -> None:
        kind = "FOREIGN TABLE" if partition.kind == "f" else "TABLE"
        execute(connection, f"COMMENT ON {kind} {partition} IS {words}")

    def _detach_at_once(self, partition: Partition) -> None:
        statement = f"ALTER TABLE {self.table.relation} DETACH PARTITION {partition.relation}"

        def step(connection: Connection) -> None:
            if self.is_held is not None and self.is_held(connection, partition.relation):
                raise PartitionKept("it has rows on hold")
            execute(connection, statement)

        oids = [self.table.relation.oid, partition.relation.oid]
        self.patience.transact(f"detach {partition.relation}", oids, step)

    def _detach_concurrently(self, partition: Partition) -> None:
        statement = f"ALTER TABLE {self.table.relation} DETACH PARTITION {partition.relation} CONCURRENTLY"
        oids = [self.table.relation.oid, partition.relation.oid]
        # Its first part takes its locks in a moment; the wait that follows holds nobody up, and may be cut.
        with self.patience.session(CONCURRENT_WAIT_MS) as connection:
            try:
                execute(connection, statement)
                return
            except DBAPIError as error:
                if sql_state(error) != LOCK_NOT_AVAILABLE:
                    raise
        if self._is_pending(partition):
            self.finalize(partition)
        else:
            self.patience.alone(f"detach {partition.relation}", oids, statement, CONCURRENT_WAIT_MS)

    def _is_pending(self, partition: Partition) -> bool:
        query = f"SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = {partition.relation.oid}"  # noqa: S608
        what, oids = f"look at {partition.relation}", [partition.relation.oid]
        return bool(self.patience.transact(what, oids, lambda one: execute(one, query).scalar_one_or_none()))
