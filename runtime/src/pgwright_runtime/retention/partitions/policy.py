"""The policy: which table, by which column and periods, how long partitions are kept, how many are made ahead."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, overload
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ClauseElement,
    Column,
    ColumnElement,
    Connection,
    Engine,
    MetaData,
    Table,
    and_,
    literal,
    select,
    true,
)
from sqlalchemy.sql.visitors import replacement_traverse

from pgwright_runtime._running import run_on
from pgwright_runtime._sql import quoted
from pgwright_runtime.retention.partitions.catalog import FoundRelation, read_table
from pgwright_runtime.retention.partitions.keys import EpochUnit, PartitionKey
from pgwright_runtime.retention.partitions.patience import LOCK_WAIT_MS, TRIES, Patience
from pgwright_runtime.retention.partitions.periods import Every, Periods
from pgwright_runtime.retention.partitions.plan import PartitionPlan, make_plan
from pgwright_runtime.retention.partitions.run import PartitionReport, PartitionRun

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True)
class Partitions:
    """Keeps a table that is partitioned by time: old partitions go, the next ones come in time.

        events = Partitions(Event, "created_at", every="month", keep=timedelta(days=365))

    Raises: ValueError: a parameter out of its range, or no such column.
    """

    table: Table | type[Any]
    """The partitioned table, or the class that is mapped to it."""
    column: str
    """The column of its partition key: `timestamptz`, `timestamp`, `date`, `uuid` of version 7, or an epoch."""
    every: Every
    """The length of a partition: "day", "week", "month", "year" or a timedelta."""
    keep: timedelta | None = None
    """A partition is dropped when all of it is older; None: never."""
    ahead: int = 3
    """How many partitions there are after that of now."""
    zone: str = "UTC"
    """The zone in which days, weeks, months and years begin."""
    held: ColumnElement[bool] | None = field(default=None, compare=False)
    """Which rows somebody must keep (a legal hold): a partition with such a row stays."""
    drop: bool = True
    """False: what is due is detached, and stays as a table of its own."""
    unit: EpochUnit = "s"
    """What an epoch counts, where the column is a number."""

    def __post_init__(self) -> None:
        if self.keep is not None and self.keep <= timedelta(0):
            raise ValueError(f"keep={self.keep!r} keeps nothing; give a timedelta above 0, or None for ever")
        if self.ahead < 0:
            raise ValueError(f"ahead={self.ahead} is below 0")
        if self.column not in self.mapped.c:
            raise ValueError(f"{self.mapped.fullname} has no column {self.column!r}")
        _ = self.periods, self.key  # they check what they are given

    @property
    def mapped(self) -> Table:
        """The table, as SQLAlchemy knows it."""
        return self.table if isinstance(self.table, Table) else self.table.__table__

    @property
    def name(self) -> str:
        """The table's name, quoted."""
        return quoted(self.mapped.name, self.mapped.schema)

    @property
    def periods(self) -> Periods:
        return Periods(self.every)

    @property
    def key(self) -> PartitionKey:
        return PartitionKey(self.mapped.c[self.column].name, "", ZoneInfo(self.zone), self.unit)

    def plan(self, connection: Connection, *, now: datetime | None = None) -> PartitionPlan:
        """Return what a run would do. It reads the catalogs only, and changes nothing.

        Args:
            connection: of an async engine: `await connection.run_sync(policy.plan)`.
            now: aware; None: the server's clock.
        Raises: NotPartitioned
        """
        table = read_table(connection, self.name, self.key)
        return make_plan(table, self.periods, self.keep, self.ahead, now or table.now, drops=self.drop)

    @overload
    def run(
        self, engine: Engine, *, now: datetime | None = ..., wait_ms: int = ..., tries: int = ...
    ) -> PartitionReport: ...
    @overload
    def run(
        self, engine: AsyncEngine, *, now: datetime | None = ..., wait_ms: int = ..., tries: int = ...
    ) -> Coroutine[Any, Any, PartitionReport]: ...
    def run(
        self,
        engine: Engine | AsyncEngine,
        *,
        now: datetime | None = None,
        wait_ms: int = LOCK_WAIT_MS,
        tries: int = TRIES,
    ) -> PartitionReport | Coroutine[Any, Any, PartitionReport]:
        """Make the partitions that are missing, then detach and drop those that are due.

        It takes two connections: one holds an advisory lock, so that two runs never work on one table. Both go to the
        server itself or to a pooler in session mode: DETACH CONCURRENTLY runs in no transaction. A run may be killed
        at any moment; the next one completes it.

        Args:
            engine: of the role that owns the table.
            now: aware; None: the server's clock.
            wait_ms: maximum wait for a lock, in each try.
            tries: of each step, with pauses of up to 1.5 s between them.
        Returns: What was done, and what was left, with reasons.
        Raises: NotPartitioned
        """

        return run_on(engine, lambda one, sleep: self.keep_now(Patience(one, sleep, wait_ms, tries), now))

    def keep_now(self, patience: Patience, now: datetime | None = None) -> PartitionReport:
        """Do what `run` does, on a sync engine or in a greenlet."""
        return PartitionRun(
            name=self.name,
            patience=patience,
            read=lambda connection: read_table(connection, self.name, self.key),
            plan=lambda table: make_plan(table, self.periods, self.keep, self.ahead, now or table.now, drops=self.drop),
            is_held=None if self.held is None else self.is_held,
            drops=self.drop,
        )()

    def is_held(self, connection: Connection, partition: FoundRelation) -> bool:
        """Say whether a partition, attached or not, has rows on hold."""
        if self.held is None:
            return False
        table = self.mapped
        twin = Table(
            partition.name, MetaData(), *(Column(c.name, c.type, key=c.key) for c in table.c), schema=partition.schema
        )
        there: dict[ClauseElement, ClauseElement] = {column: twin.c[column.key] for column in table.c}
        there[table] = twin  # a subquery names it as what it correlates with
        held = replacement_traverse(and_(true(), self.held), {}, lambda element, **_: there.get(element))
        return connection.execute(select(literal(1)).select_from(twin).where(held).limit(1)).first() is not None
