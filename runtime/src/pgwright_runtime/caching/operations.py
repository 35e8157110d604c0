"""`op.create_cache_trigger` and `op.drop_cache_trigger`."""

from __future__ import annotations

from alembic.operations import MigrateOperation, Operations

from pgwright_runtime.caching.statements import create_statements, drop_statements


class _TriggerOp(MigrateOperation):
    def __init__(self, table: str, schema: str | None) -> None:
        self.table, self.schema = table, schema


@Operations.register_operation("create_cache_trigger")
class CreateCacheTriggerOp(_TriggerOp):
    """Let a table tell the caches that listen when a statement of anybody's has changed it."""

    @classmethod
    def create_cache_trigger(cls, operations: Operations, table: str, schema: str | None = None) -> None:
        """Make the trigger. It waits for all writers of the table, and is one more statement in each of theirs."""
        operations.invoke(cls(table, schema))

    def reverse(self) -> MigrateOperation:
        return DropCacheTriggerOp(self.table, self.schema)


@Operations.register_operation("drop_cache_trigger")
class DropCacheTriggerOp(_TriggerOp):
    """Drop what `create_cache_trigger` made."""

    @classmethod
    def drop_cache_trigger(cls, operations: Operations, table: str, schema: str | None = None) -> None:
        """Drop the trigger."""
        operations.invoke(cls(table, schema))

    def reverse(self) -> MigrateOperation:
        return CreateCacheTriggerOp(self.table, self.schema)


@Operations.implementation_for(CreateCacheTriggerOp)
def _create(operations: Operations, operation: CreateCacheTriggerOp) -> None:
    for statement in create_statements(operation.table, operation.schema):
        operations.execute(statement)


@Operations.implementation_for(DropCacheTriggerOp)
def _drop(operations: Operations, operation: DropCacheTriggerOp) -> None:
    for statement in drop_statements(operation.table, operation.schema):
        operations.execute(statement)
