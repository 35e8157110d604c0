"""`op.partition_by_time` and `op.merge_partitions`: what they run, how they are reversed, how they are written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from alembic.operations import MigrateOperation, Operations
from alembic.util import CommandError
from sqlalchemy import Connection

from pgwright_runtime._sql import quoted
from pgwright_runtime.retention.partitions.catalog import PartitionedTable, read_head, read_table
from pgwright_runtime.retention.partitions.converting import TableConversion, read_subject
from pgwright_runtime.retention.partitions.keys import EpochUnit, PartitionKey
from pgwright_runtime.retention.partitions.making import Making
from pgwright_runtime.retention.partitions.patience import Patience
from pgwright_runtime.retention.partitions.periods import Every, Periods
from pgwright_runtime.retention.partitions.plan import make_plan
from pgwright_runtime.retention.partitions.restoring import MOST_ROWS, Restoring


@Operations.register_operation("partition_by_time")
class PartitionByTimeOp(MigrateOperation):
    """Make a plain table a partitioned one of its name; it becomes the first partition, and no row moves."""

    def __init__(
        self, table: str, column: str, every: Every, schema: str | None, zone: str, ahead: int, unit: EpochUnit
    ) -> None:
        self.table, self.schema, self.every, self.ahead = table, schema, every, ahead
        self.key = PartitionKey(column, "", ZoneInfo(zone), unit)

    @classmethod
    def partition_by_time(
        cls,
        operations: Operations,
        table: str,
        column: str,
        every: Every,
        schema: str | None = None,
        zone: str = "UTC",
        ahead: int = 3,
        unit: EpochUnit = "s",
    ) -> None:
        operations.invoke(cls(table, column, every, schema, zone, ahead, unit))

    def convert(self, patience: Patience) -> None:
        """Convert the table, if it is not yet, and make its next partitions."""
        name, periods = quoted(self.table, self.schema), Periods(self.every)
        with patience.engine.connect() as connection:
            is_plain = read_head(connection, name).strategy is None
            subject = read_subject(connection, name, self.key) if is_plain else None
        if subject is not None:
            TableConversion(subject, periods, patience).run()
        table = _read(patience, name, self.key)
        for new in make_plan(table, periods, None, self.ahead, table.now, drops=False).create:
            Making(table, patience).make(new)


@Operations.register_operation("merge_partitions")
class MergePartitionsOp(MigrateOperation):
    """Make a partitioned table a plain one: the largest partition takes the rows of the others."""

    def __init__(
        self, table: str, column: str, primary_key: Sequence[str], schema: str | None, most_rows: int, unit: EpochUnit
    ) -> None:
        self.table, self.schema, self.primary_key, self.most_rows = table, schema, tuple(primary_key), most_rows
        self.key = PartitionKey(column, "", ZoneInfo("UTC"), unit)

    @classmethod
    def merge_partitions(
        cls,
        operations: Operations,
        table: str,
        column: str,
        primary_key: Sequence[str] = (),
        schema: str | None = None,
        most_rows: int = MOST_ROWS,
        unit: EpochUnit = "s",
    ) -> None:
        operations.invoke(cls(table, column, primary_key, schema, most_rows, unit))

    def restore(self, patience: Patience) -> None:
        """Restore the table, if it is not yet."""
        name = quoted(self.table, self.schema)
        with patience.engine.connect() as connection:
            is_plain = read_head(connection, name).strategy is None
        if not is_plain:
            Restoring(_read(patience, name, self.key), self.primary_key, patience, self.most_rows).run()


@Operations.implementation_for(PartitionByTimeOp)
def _partition(operations: Operations, operation: PartitionByTimeOp) -> None:
    _run(operations, "partition_by_time", operation.convert)


@Operations.implementation_for(MergePartitionsOp)
def _merge(operations: Operations, operation: MergePartitionsOp) -> None:
    _run(operations, "merge_partitions", operation.restore)


def _run(operations: Operations, name: str, step: Any) -> None:
    """Run a step on connections of its own, after what the revision did before is committed."""
    context = operations.migration_context
    if context.as_sql:
        raise CommandError(f"op.{name} reads the table before it changes it: run it online, without --sql")
    if getattr(context, "_in_external_transaction", False):
        raise CommandError(
            f"op.{name} runs in no transaction, and env.py began one before context.begin_transaction(): let it use "
            "connect(), not begin(), and commit what it executes before"
        )
    connection = context.connection
    assert isinstance(connection, Connection)
    with context.autocommit_block():
        step(Patience(connection.engine, time.sleep))


def _read(patience: Patience, name: str, key: PartitionKey) -> PartitionedTable:
    with patience.engine.connect() as connection:
        return read_table(connection, name, key)
