"""Make a partition although a DEFAULT partition is in the way: no row is ever missed or seen twice, nobody waits long.

While rows move, ACCESS EXCLUSIVE is held on the partitioned table too: a query that was planned before, and waited only
for the DEFAULT partition, would read that without the rows and not know the new partition.

1. A small DEFAULT partition is read under the lock in a moment, and few rows are moved in that transaction.
2. A large one without rows of the range gets a CHECK that says so, validated beside reads and writes; ATTACH then reads
   nothing. Until it is attached the CHECK refuses rows of the range, so this is done for times to come only.
3. One that holds nothing but rows from the last partition on becomes a partition itself, proved by such a CHECK, and an
   empty DEFAULT partition takes its place. No row moves.

Where none of these goes, a person has to move rows, and is told which.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from pgwright_runtime._sql import quote, quoted, read_sql
from pgwright_runtime.retention.partitions.catalog import Partition, PartitionedTable
from pgwright_runtime.retention.partitions.keys import BEGINNING, END
from pgwright_runtime.retention.partitions.making import Making
from pgwright_runtime.retention.partitions.patience import PACKAGE, execute
from pgwright_runtime.retention.partitions.plan import NewPartition

# Read whole while others wait: what fits in memory of the smallest server.
SMALL_BYTES = 64 * 1024 * 1024
# Moved while others wait: a batch or two of deletes.
FEW_ROWS = 10_000
# Who waits for VALIDATE holds nobody up: it takes SHARE UPDATE EXCLUSIVE.
VALIDATE_WAIT_MS = 30_000
CHECK = "pgwright_default"
_COLUMNS = text(read_sql(PACKAGE, "columns"))


@dataclass(frozen=True)
class InTheWay:
    """A DEFAULT partition that may hold rows of ranges to come."""

    making: Making
    default: Partition

    @property
    def table(self) -> PartitionedTable:
        return self.making.table

    def make(self, new: NewPartition, now: datetime) -> str | None:
        """Make a partition; return the reason why it was not made, with what to do.

        Args:
            new: what to make.
            now: as the table's key has moments.
        """
        rows = self._count(self._within(new.lower, new.upper))
        is_small = self.default.heap_bytes <= SMALL_BYTES
        if rows and (refusal := self._refusal(rows)):
            return refusal
        if is_small and rows <= FEW_ROWS:
            self._make_under_lock(new, moves=rows > 0 or new.lower <= now)
            return None
        if not rows and new.lower > now:
            self._make_proved(new)
            return None
        return self._refused(new, rows)

    def can_become_partition(self, new: NewPartition) -> bool:
        """Say whether the DEFAULT partition holds much, and only rows of one range."""
        if self.default.is_partitioned or self.table.references:
            return False
        inside = self._within(new.lower, new.upper)
        is_much = self.default.heap_bytes > SMALL_BYTES or self._count(inside) > FEW_ROWS
        return is_much and self._count(inside) > 0 and self._count(inside, among=False) == 0

    def become_partition(self, new: NewPartition) -> None:
        """Make the DEFAULT partition one with bounds, and put an empty one in its place."""
        name, parent = self.default.relation, self.table.relation
        self._prove(f"{quote(self.table.key.column)} IS NOT NULL AND {self._within(new.lower, new.upper)}")
        fresh = NewPartition(parent.schema, name.name, BEGINNING, END)

        def step(connection: Connection) -> None:
            execute(connection, f"LOCK TABLE ONLY {parent}, ONLY {name} IN ACCESS EXCLUSIVE MODE")
            execute(connection, f"ALTER TABLE {parent} DETACH PARTITION {name}")
            execute(connection, f"ALTER TABLE {name} RENAME TO {quote(new.name)}")
            if name.schema != parent.schema:
                execute(connection, f"ALTER TABLE {quoted(new.name, name.schema)} SET SCHEMA {quote(parent.schema)}")
            self.making.attach(connection, new)
            execute(connection, f"ALTER TABLE {new} DROP CONSTRAINT {CHECK}")
            self.making.create(connection, fresh)
            execute(connection, f"ALTER TABLE {parent} ATTACH PARTITION {fresh} DEFAULT")

        oids = [parent.oid, name.oid]
        self.making.patience.transact(f"make {name} a partition with bounds", oids, step)

    def clean(self) -> None:
        """Drop the CHECK that an interrupted run left: it refuses rows."""

        def has_check(connection: Connection) -> bool:
            found = "SELECT FROM pg_constraint WHERE conrelid = {} AND conname = '{}'"
            return execute(connection, found.format(self.default.relation.oid, CHECK)).one_or_none() is not None

        def drop(connection: Connection) -> None:
            execute(connection, f"ALTER TABLE {self.default.relation} DROP CONSTRAINT IF EXISTS {CHECK}")

        oids = [self.default.relation.oid]
        if self.making.patience.transact(f"read {self.default.relation}", oids, has_check):
            self.making.patience.transact(f"change {self.default.relation}", oids, drop)

    def _make_under_lock(self, new: NewPartition, *, moves: bool) -> None:
        parent, default = self.table.relation, self.default.relation

        def step(connection: Connection) -> None:
            execute(connection, f"LOCK TABLE ONLY {parent}, ONLY {default} IN ACCESS EXCLUSIVE MODE")
            self.making.create(connection, new)
            self._move(connection, new)
            self.making.attach(connection, new)

        def attach(connection: Connection) -> None:
            self.making.create(connection, new)
            self.making.attach(connection, new)

        what = f"attach {new} beside {default}"
        self.making.patience.transact(what, [parent.oid, default.oid], step if moves else attach)

    def _move(self, connection: Connection, new: NewPartition) -> None:
        columns = str(connection.execute(_COLUMNS, {"oid": self.default.relation.oid}).scalar_one())
        within = self._within(new.lower, new.upper)
        statement = f"""
            WITH gone AS (DELETE FROM {self.default.relation} WHERE {within} RETURNING {columns})
            INSERT INTO {new} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM gone
        """  # noqa: S608 (names are quoted)
        execute(connection, statement)

    def _make_proved(self, new: NewPartition) -> None:
        column = quote(self.table.key.column)
        self._prove(f"{column} IS NULL OR NOT ({self._within(new.lower, new.upper)})")

        def step(connection: Connection) -> None:
            self.making.create(connection, new)
            self.making.attach(connection, new)
            execute(connection, f"ALTER TABLE {self.default.relation} DROP CONSTRAINT {CHECK}")

        oids = [self.table.relation.oid, self.default.relation.oid]
        self.making.patience.transact(f"attach {new} beside {self.default.relation}", oids, step)

    def _prove(self, condition: str) -> None:
        """Add a CHECK to the DEFAULT partition and validate it beside reads and writes."""
        default = self.default.relation
        add = f"ALTER TABLE {default} ADD CONSTRAINT {CHECK} CHECK ({condition}) NOT VALID"
        patience = self.making.patience
        patience.transact(
            f"add a CHECK to {default}", [default.oid], lambda connection: execute(connection, add).close()
        )
        try:
            validate = f"ALTER TABLE {default} VALIDATE CONSTRAINT {CHECK}"
            patience.alone(f"validate a CHECK of {default}", [default.oid], validate, VALIDATE_WAIT_MS)
        except BaseException:
            self.clean()
            raise

    def _within(self, lower: datetime, upper: datetime) -> str:
        key, column = self.table.key, quote(self.table.key.column)
        above = "" if lower == BEGINNING else f"{column} >= {key.literal(lower)}"
        below = "" if upper == END else f"{column} < {key.literal(upper)}"
        return " AND ".join(filter(None, (above, below))) or "true"

    def _count(self, condition: str, *, among: bool = True) -> int:
        """Count rows of the DEFAULT partition, up to one more than few."""
        where = condition if among else f"({condition}) IS NOT TRUE"
        query = f"SELECT count(*) FROM (SELECT FROM {self.default.relation} WHERE {where} LIMIT {FEW_ROWS + 1}) AS few"  # noqa: S608
        what, oids = f"count rows of {self.default.relation}", [self.default.relation.oid]
        return self.making.patience.transact(what, oids, lambda one: int(execute(one, query).scalar_one()), hold_ms=0)

    def _refusal(self, rows: int) -> str | None:
        held = f"{self.default.relation} holds {_some(rows)} of its range, and moving them"
        if self.table.references:
            return f"{held} would end what refers to them: {', '.join(self.table.references)}"
        if self.table.delete_triggers:
            return f"{held} would fire the triggers for DELETE: {', '.join(self.table.delete_triggers)}"
        return None

    def _refused(self, new: NewPartition, rows: int) -> str:
        default, within = self.default.relation, self._within(new.lower, new.upper)
        if not rows:
            return (
                f"{default} is large and rows of this range come now: to prove that it has none would refuse "
                f"them. Move what is out of place from it, or make the partition when nobody writes: {within}"
            )
        return (
            f"{default} holds {_some(rows)} of its range, which are too many to move under a lock, and rows of other "
            f"ranges too. Move or delete those in batches, and run this again; of this range are: {within}"
        )


def _some(rows: int) -> str:
    return f"more than {FEW_ROWS:,} rows" if rows > FEW_ROWS else f"{rows:,} rows"
