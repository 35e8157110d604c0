"""Make a plain table the first partition of a partitioned one of its name: no row moves, and nobody waits long.

1. Beside reads and writes: a CHECK that no row lies behind the first partition's end, NOT VALID, then validated; and
   the unique index of the primary key with the time, built CONCURRENTLY.
2. In one short transaction: the table gets another name, a partitioned table like it gets its name, indexes, keys,
   triggers, privileges, policies and views, and the table is attached. The CHECK spares that a scan, and its indexes
   and foreign keys are taken as those of the partition.

An interrupted conversion left at most the CHECK and the index, which the next one uses.
Source: PostgreSQL manual, ALTER TABLE, ATTACH PARTITION.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from pgwright_runtime._sql import quote, quoted, read_sql
from pgwright_runtime.retention.partitions.catalog import FoundRelation, plain_texts, read_head
from pgwright_runtime.retention.partitions.definitions import TableParts, read_parts
from pgwright_runtime.retention.partitions.errors import NotConvertible
from pgwright_runtime.retention.partitions.keys import BEGINNING, KEY_TYPES, PartitionKey
from pgwright_runtime.retention.partitions.making import copy_grants, row_security
from pgwright_runtime.retention.partitions.names import default_format, fitting
from pgwright_runtime.retention.partitions.patience import PACKAGE, Patience, execute
from pgwright_runtime.retention.partitions.periods import Periods

_OBSTACLES = text(read_sql(PACKAGE, "obstacles"))
_TYPE = text("""
    SELECT t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = :oid AND a.attname = CAST(:column AS text)
""")
CHECK = "pgwright_range"
# An index build waits for older transactions, and nobody who reads or writes queues behind it.
BUILD_WAIT_MS = 1_800_000
# Rows behind the first partition's end are refused until the table is converted: leave time for that.
LEAST_AHEAD = timedelta(days=1)
# A row that is dated later is a mistake, and would make the first partition last that long.
MOST_AHEAD = timedelta(days=366)


@dataclass(frozen=True)
class PlainTable:
    """A plain table to be partitioned."""

    table: FoundRelation
    key: PartitionKey
    now: datetime
    """As the key has moments."""
    last: datetime
    """The moment of its newest row."""
    primary_key: tuple[str, ...]
    owner: str

    def end(self, periods: Periods) -> datetime:
        """Return where its partition ends: a border at least a day away, behind all rows."""
        end = self.key.after(periods, max(self.now, self.last if self.last > BEGINNING else self.now))
        while end - self.now < LEAST_AHEAD:
            end = self.key.after(periods, end)
        return end


def read_obstacles(connection: Connection, table: FoundRelation, column: str) -> list[str]:
    """Return what stands in the way of partitioning a table by a column, each with what to do."""
    values = {"oid": table.oid, "column": column, "mark": CHECK}
    return list(connection.scalars(_OBSTACLES, values))


def read_subject(connection: Connection, name: str, key: PartitionKey) -> PlainTable:
    """Read a plain table.

    Raises: NotPartitioned: there is none of the name; NotConvertible: with all that stands in the way.
    """
    head = read_head(connection, name)
    table = FoundRelation(head.oid, head.schema, head.name, head.kind)
    obstacles = read_obstacles(connection, table, key.column)
    if obstacles:
        raise NotConvertible(str(table), "partitioned", obstacles)
    found = replace(key, type=_key_type(connection, table, key.column))
    parts = read_parts(connection, table)
    last = f"SELECT {quote(key.column)}::text FROM {table} ORDER BY {quote(key.column)} DESC LIMIT 1"  # noqa: S608
    with plain_texts(connection):
        newest = execute(connection, last).scalar_one_or_none()
    now, latest = found.moment(head.now), BEGINNING if newest is None else found.read(str(newest))
    if latest - now > MOST_AHEAD:
        reason = f"a row is dated {newest}, and the first partition would last until then: correct it"
        raise NotConvertible(str(table), "partitioned", [reason])
    return PlainTable(table, found, now, latest, parts.primary_key, parts.owner)


def _key_type(connection: Connection, table: FoundRelation, column: str) -> str:
    found = str(connection.scalar(_TYPE, {"oid": table.oid, "column": column}))
    if found not in KEY_TYPES:
        reason = f"{column} is of type {found}; known: {', '.join(KEY_TYPES)}"
        raise NotConvertible(str(table), "partitioned", [reason])
    return found


@dataclass(frozen=True)
class TableConversion:
    """Makes one plain table a partitioned one."""

    subject: PlainTable
    periods: Periods
    patience: Patience

    @property
    def end(self) -> datetime:
        return self.subject.end(self.periods)

    @property
    def first(self) -> FoundRelation:
        """What the table is called as a partition."""
        form = default_format(self.periods.every)
        name = fitting(self.subject.table.name, f"_until_{self.subject.key.wall(self.end).strftime(form)}")
        return replace(self.subject.table, name=name)

    @property
    def _key_index(self) -> str:
        return fitting(self.subject.table.name, "_pkey_pgwright")

    @property
    def _needs_key(self) -> bool:
        key = self.subject.primary_key
        return bool(key) and self.subject.key.column not in key

    def run(self) -> None:
        """Convert the table. Raises: LockNotGranted: run it again; what is done is not done twice."""
        self._bound()
        if self._needs_key:
            columns = ", ".join(map(quote, (*self.subject.primary_key, self.subject.key.column)))
            build_index(self.patience, self.subject.table, self._key_index, columns)
        table = self.subject.table
        self.patience.transact(f"make {table} a partitioned table", [table.oid], self._swap)
        self.patience.alone(f"analyze {table}", [table.oid], f"ANALYZE {table}", BUILD_WAIT_MS)

    def _bound(self) -> None:
        """Prove that no row lies behind the end of the partition."""
        table, column = self.subject.table, quote(self.subject.key.column)
        condition = f"CHECK ({column} < {self.subject.key.literal(self.end)})"

        def add(connection: Connection) -> None:
            execute(connection, f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {CHECK}")
            execute(connection, f"ALTER TABLE {table} ADD CONSTRAINT {CHECK} {condition} NOT VALID")

        self.patience.transact(f"add a CHECK to {table}", [table.oid], add)
        validate = f"ALTER TABLE {table} VALIDATE CONSTRAINT {CHECK}"
        self.patience.alone(f"validate a CHECK of {table}", [table.oid], validate, BUILD_WAIT_MS)

    def _swap(self, connection: Connection) -> None:
        table, first, key = self.subject.table, self.first, self.subject.key
        # Definitions then name all that they mean with its schema, and are read back the same way.
        execute(connection, "SET LOCAL search_path = ''")
        execute(connection, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        parts = read_parts(connection, table)
        security = row_security(connection, table.oid, str(table))  # now: conditions may bear the table's name
        parts.drop_triggers(connection)
        identities = parts.take_identities(connection)
        execute(connection, f"ALTER TABLE {table} RENAME TO {quote(first.name)}")
        self._rename_indexes(connection, parts)
        copy = "INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY"
        by = f"PARTITION BY RANGE ({quote(key.column)})"
        execute(connection, f"CREATE TABLE {table} (LIKE {first} {copy}) {by}")
        execute(connection, f"ALTER TABLE {table} DROP CONSTRAINT {CHECK}")
        if execute(connection, "SELECT current_user").scalar_one() != parts.owner:
            execute(connection, f"ALTER TABLE {table} OWNER TO {quote(parts.owner)}")
        own = [part.name for part in parts.of("primary key")] if self._needs_key else []
        parts.give_indexes(connection, without=[*own, self._key_index])
        for name in own:
            columns = ", ".join(map(quote, (*self.subject.primary_key, key.column)))
            execute(connection, f"ALTER TABLE {table} ADD CONSTRAINT {quote(name)} PRIMARY KEY ({columns})")
        parts.give_sequences(connection)
        # Before PostgreSQL 17 a table with partitions takes none.
        parts.give_identities(connection, identities)
        bound = f"FROM (MINVALUE) TO ({key.literal(self.end)})"
        execute(connection, f"ALTER TABLE {table} ATTACH PARTITION {first} FOR VALUES {bound}")
        execute(connection, f"ALTER TABLE {first} DROP CONSTRAINT {CHECK}")
        parts.give_triggers(connection)
        copy_grants(connection, table.oid, str(table))
        for statement in security:
            execute(connection, statement)
        parts.give_comment(connection)
        parts.give_replica_identity(connection)
        parts.give_views(connection)
        parts.give_publications(connection, str(first))

    def _rename_indexes(self, connection: Connection, parts: TableParts) -> None:
        """Leave the names of indexes to the partitioned table; the primary key gets the time."""
        schema, first = self.subject.table.schema, self.first
        suffix = first.name[first.name.rindex("_until_") :]
        for part in parts.of("index", "unique", "primary key"):
            renamed = fitting(part.name, suffix)
            if part in parts.of("primary key") and self._needs_key:
                execute(connection, f"ALTER INDEX {quoted(self._key_index, schema)} RENAME TO {quote(renamed)}")
                execute(
                    connection,
                    f"ALTER TABLE {first} DROP CONSTRAINT {quote(part.name)}, "
                    f"ADD CONSTRAINT {quote(renamed)} PRIMARY KEY USING INDEX {quote(renamed)}",
                )
            elif part.name != self._key_index:
                execute(connection, f"ALTER INDEX {quoted(part.name, schema)} RENAME TO {quote(renamed)}")


def build_index(patience: Patience, table: FoundRelation, name: str, columns: str) -> None:
    """Build a unique index beside reads and writes; one that an interrupted build left goes first."""
    query = text("SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(CAST(:name AS text))")
    full = quoted(name, table.schema)
    found = patience.transact(f"look at {full}", [table.oid], lambda one: one.scalar(query, {"name": full}))
    if found:
        return
    if found is False:
        patience.alone(f"drop {full}", [table.oid], f"DROP INDEX CONCURRENTLY {full}", BUILD_WAIT_MS)
    statement = f"CREATE UNIQUE INDEX CONCURRENTLY {quote(name)} ON {table} ({columns})"
    patience.alone(f"build {full}", [table.oid], statement, BUILD_WAIT_MS)
