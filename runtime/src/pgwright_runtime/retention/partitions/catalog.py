"""What the server has: the partitioned table, its partitions with their bounds, and what an earlier run left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from pgwright_runtime._sql import quote, quoted, read_sql
from pgwright_runtime.retention.partitions.errors import NotPartitioned
from pgwright_runtime.retention.partitions.keys import BEGINNING, END, KEY_TYPES, PartitionKey
from pgwright_runtime.retention.partitions.patience import PACKAGE, execute

_HEAD = text(read_sql(PACKAGE, "head"))
_PARTITIONS = text(read_sql(PACKAGE, "partitions"))
_MARKED = text(read_sql(PACKAGE, "marked"))
_TAKEN = text("SELECT c.relname FROM pg_class c WHERE c.relnamespace = CAST(:schema AS text)::regnamespace")
_MARK = "pgwright: detached from {}, to be dropped"
_FOREIGN, _PARTITIONED = "f", "p"


@dataclass(frozen=True)
class FoundRelation:
    """A table by its oid, which stays, and its name, as it was when it was read."""

    oid: int
    schema: str
    name: str
    kind: str = "r"
    """As `pg_class.relkind`: r, p or f."""

    def __str__(self) -> str:
        return quoted(self.name, self.schema)

    @property
    def drop(self) -> str:
        return f"DROP {'FOREIGN ' if self.kind == _FOREIGN else ''}TABLE {self}"


@dataclass(frozen=True)
class Partition:
    """A partition with its bounds, `lower` inclusive, `upper` exclusive."""

    relation: FoundRelation
    lower: datetime
    upper: datetime
    is_default: bool
    is_pending: bool
    """A DETACH CONCURRENTLY was interrupted: queries no longer see it, and FINALIZE has to end it."""
    heap_bytes: int
    total_bytes: int
    is_unlogged: bool
    options: tuple[str, ...]
    """`reloptions`, as `name=value`."""

    def __str__(self) -> str:
        return str(self.relation)

    @property
    def is_partitioned(self) -> bool:
        return self.relation.kind == _PARTITIONED


@dataclass(frozen=True)
class PartitionedTable:
    """A table partitioned by ranges of one column of moments, as it was when it was read."""

    relation: FoundRelation
    key: PartitionKey
    partitions: tuple[Partition, ...]
    """Those with bounds that are attached, oldest first."""
    default: Partition | None
    pending: tuple[Partition, ...]
    marked: tuple[FoundRelation, ...]
    """Detached to be dropped, and still there."""
    version: int
    """As `server_version_num`."""
    now: datetime
    """By the server's clock, aware."""
    owner: str
    tablespace: str | None
    references: tuple[str, ...]
    """Foreign keys that refer to the table, with their tables."""
    delete_triggers: tuple[str, ...]
    taken: frozenset[str]
    """Names of relations in the table's schema."""

    @property
    def mark(self) -> str:
        return mark_of(self.relation)

    @property
    def pattern(self) -> Partition | None:
        """The newest partition, after which new ones are made."""
        return self.partitions[-1] if self.partitions else None


def mark_of(table: FoundRelation) -> str:
    """Return the comment of a partition that is detached to be dropped."""
    return _MARK.format(table)


@contextmanager
def plain_texts(connection: Connection) -> Iterator[None]:
    """Let the server write moments in ISO format in UTC inside the block."""
    with connection.begin_nested() as saved:
        execute(connection, "SET LOCAL TimeZone = 'UTC'")
        execute(connection, "SET LOCAL DateStyle = 'ISO, YMD'")
        yield
        saved.rollback()  # or the settings would stay for the rest of the caller's transaction


def read_table(connection: Connection, table: str, key: PartitionKey) -> PartitionedTable:
    """Read a partitioned table.

    Args:
        table: its name, quoted.
        key: what the policy says of its column; the type is not read.
    Raises: NotPartitioned
    """
    with plain_texts(connection):
        head = read_head(connection, table)
        found = PartitionKey(key.column, head.column_type or "", key.zone, key.unit)
        _require(head, table, found)
        partitions = [_partition(row, found) for row in connection.execute(_PARTITIONS, {"oid": head.oid})]
        taken = connection.scalars(_TAKEN, {"schema": quote(head.schema)}).all()
        relation = FoundRelation(head.oid, head.schema, head.name, head.kind)
        marked = connection.execute(_MARKED, {"mark": mark_of(relation)})
    whole = [one for one in partitions if not one.is_pending]
    return PartitionedTable(
        relation=relation,
        key=found,
        partitions=tuple(sorted((one for one in whole if not one.is_default), key=lambda one: one.lower)),
        default=next((one for one in whole if one.is_default), None),
        pending=tuple(one for one in partitions if one.is_pending),
        marked=tuple(FoundRelation(row.oid, row.schema, row.name, row.kind) for row in marked),
        version=head.version,
        now=head.now,
        owner=head.owner_name,
        tablespace=head.tablespace,
        references=tuple(head.references),
        delete_triggers=tuple(head.delete_triggers),
        taken=frozenset(taken),
    )


def read_head(connection: Connection, table: str) -> Row[Any]:
    """Read a table that may not be partitioned. Raises: NotPartitioned: there is none of the name."""
    head = connection.execute(_HEAD, {"table": table}).one_or_none()
    if head is None:
        raise NotPartitioned(table, "does not exist, or not in the search path")
    return head


def _require(head: Row[Any], table: str, key: PartitionKey) -> None:
    if head.strategy is None:
        raise NotPartitioned(
            table, "is not partitioned. To convert it: op.partition_by_time() in a revision, see the manual"
        )
    if head.strategy != "r" or head.key_columns != 1 or head.column_name != key.column:
        raise NotPartitioned(table, f"is not partitioned by ranges of the column {key.column!r} alone")
    if key.type not in KEY_TYPES:
        raise NotPartitioned(
            table, f"is partitioned by {key.column!r} of type {key.type}; known: {', '.join(KEY_TYPES)}"
        )
    if not head.is_ours:
        raise NotPartitioned(table, f"belongs to {head.owner_name}, and this role is no member of that one")


def _partition(row: Row[Any], key: PartitionKey) -> Partition:
    # The server forgets the bound of a partition that is being detached only at the end.
    is_default = row.bound == "DEFAULT"
    lower, upper = (BEGINNING, END) if is_default or row.bound is None else key.bounds(row.bound)
    return Partition(
        relation=FoundRelation(row.oid, row.schema, row.name, row.kind),
        lower=lower,
        upper=upper,
        is_default=is_default,
        is_pending=row.is_pending,
        heap_bytes=row.heap_bytes,
        total_bytes=row.total_bytes,
        is_unlogged=row.is_unlogged,
        options=tuple(row.options),
    )
