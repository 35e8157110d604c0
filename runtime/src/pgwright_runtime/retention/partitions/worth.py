"""Say when partitions would serve better than deletes, and write the conversion as a revision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, text

from pgwright_runtime._sql import read_sql
from pgwright_runtime.retention.partitions.catalog import FoundRelation
from pgwright_runtime.retention.partitions.converting import read_obstacles
from pgwright_runtime.retention.partitions.patience import PACKAGE
from pgwright_runtime.retention.partitions.periods import Every

# Below, deletes in batches do as well, and every query would plan over partitions for nothing.
LARGE_BYTES = 2**30
# As `pg_stats.correlation`: from here on what is due lies together, and partitions by the moment part old from new.
ORDERED = 0.9
# A partition holds what this part of the time kept brings: few enough to plan over, and soon enough dropped.
_PERIODS: tuple[tuple[timedelta, Every], ...] = (
    (timedelta(days=21), "day"),
    (timedelta(days=150), "week"),
    (timedelta(days=5 * 366), "month"),
)
_SIZE = text(read_sql(PACKAGE, "size"))


IMPORTS = (
    "from alembic import op\n\n"
    "import pgwright_runtime.retention.partitions.alembic  # noqa: F401  (registers op.partition_by_time)"
)
"""Of the revision."""


@dataclass(frozen=True)
class PartitionAdvice:
    """That a table would better be partitioned, how, and what stands in the way."""

    table: FoundRelation
    column: str
    every: Every
    reason: str
    obstacles: tuple[str, ...]
    """What has to change before; the conversion refuses as long as one is there."""
    primary_key: tuple[str, ...]
    """Of today."""

    @property
    def changes(self) -> tuple[str, ...]:
        """What the app and the team notice."""
        first = (
            "the table becomes the first partition, and is dropped when all of it is due: until then delete in batches"
        )
        if not self.primary_key or self.column in self.primary_key:
            return (first,)
        old, new = ", ".join(self.primary_key), ", ".join((*self.primary_key, self.column))
        return (
            first,
            f"the primary key ({old}) becomes ({new}): ON CONFLICT ({old}) finds no unique index any more",
            f"two rows with one {old} are refused only where their {self.column} is the same too",
            f"a query by {old} alone looks into every partition; give it a range of {self.column} where it is known",
        )

    @property
    def upgrade(self) -> str:
        return f"op.partition_by_time({self._arguments}, every={self.every!r}{self._schema})"

    @property
    def downgrade(self) -> str:
        key = f", primary_key={list(self.primary_key)!r}" if len(self.changes) > 1 else ""
        return f"op.merge_partitions({self._arguments}{key}{self._schema})"

    @property
    def words(self) -> str:
        """One sentence or two."""
        how = f"In a revision: {self.upgrade}"
        return f"{self.reason}. " + (f"First: {'; '.join(self.obstacles)}" if self.obstacles else how)

    def revision(self) -> str:
        """Return the body of an Alembic revision."""
        notes = "".join(f"    # {line}\n" for line in (*(f"First: {one}" for one in self.obstacles), *self.changes))
        return (
            f"{IMPORTS}\n\n\n"
            f"def upgrade() -> None:\n{notes}    {self.upgrade}\n\n\n"
            f"def downgrade() -> None:\n    {self.downgrade}\n"
        )

    @property
    def _arguments(self) -> str:
        return f"{self.table.name!r}, {self.column!r}"

    @property
    def _schema(self) -> str:
        return "" if self.table.schema == "public" else f", schema={self.table.schema!r}"


def period_for(keep: timedelta) -> Every:
    """Return how long partitions should be of a table that keeps its rows this long.

    >>> period_for(timedelta(days=90))
    'week'
    """
    return next((every for limit, every in _PERIODS if keep <= limit), "year")


def _size(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def partition_advice(
    connection: Connection,
    oid: int,
    column: str,
    keep: timedelta,
    correlation: float,
    *,
    large_bytes: int | None = None,
) -> PartitionAdvice | None:
    """Say whether a plain table would better be partitioned by a column than lose its old rows by DELETE.

    Args:
        oid: of the table.
        column: of the moment that decides which rows are due.
        keep: how long rows are kept.
        correlation: of that column with the place of its rows, as `pg_stats` has it, in [-1, 1].
        large_bytes: from which size on, with TOAST and indexes; None: 1 GiB.
    Returns: None where deletes in batches serve as well: the table is small, or old and new rows lie mixed.
    """
    limit = LARGE_BYTES if large_bytes is None else large_bytes
    row = connection.execute(_SIZE, {"oid": oid}).one_or_none()
    if row is None or row.kind != "r" or row.bytes < limit or abs(correlation) < ORDERED:
        return None
    table = FoundRelation(row.oid, row.schema, row.name, row.kind)
    reason = (
        f"partitions by {column} would serve better: the table has {_size(row.bytes)}, its rows come in the "
        f"order in which they go (correlation {correlation:.2f}), and a partition that is due is dropped at once, "
        "without deletes and without vacuum"
    )
    obstacles = tuple(read_obstacles(connection, table, column))
    return PartitionAdvice(table, column, period_for(keep), reason, obstacles, tuple(row.primary_key))
