"""`op.declare_backfill` and its like: what they run, and how they are reversed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alembic.operations import MigrateOperation, Operations

from pgwright_runtime._steps import run
from pgwright_runtime.backfills.asking import find_state
from pgwright_runtime.backfills.declaration import Backfill, backfill
from pgwright_runtime.backfills.errors import BackfillNotDone, UnknownBackfill
from pgwright_runtime.backfills.small import is_done_now
from pgwright_runtime.backfills.statements import (
    declare_statement,
    drop_function_statement,
    drop_statement,
    function_statement,
    require_statement,
    small_statement,
    table_statement,
    trigger_statements,
)


@Operations.register_operation("declare_backfill")
class DeclareBackfillOp(MigrateOperation):
    """Declare a backfill, which is run later, outside of the revision."""

    def __init__(self, declared: Backfill, keep_filled: bool) -> None:
        self.backfill, self.keep_filled = declared, keep_filled

    @classmethod
    def declare_backfill(
        cls,
        operations: Operations,
        name: str,
        *,
        table: str,
        sets: Mapping[str, str],
        where: str,
        schema: str | None = None,
        key: Sequence[str] = (),
        reads: str = "",
        keep_filled: bool = False,
    ) -> None:
        """Declare which rows are to do, and what is set in them.

        Args:
            sets: by column, an SQL expression over the row.
            where: holds for rows that are still to do, and for none that is done.
            key: columns to walk along; none: the primary key.
            reads: in words, what it makes from what.
            keep_filled: also make a trigger that does rows as they are written, for as long as the backfill is
                declared; a small table is then done at once. It waits for those who write the table.
        """
        operations.invoke(cls(backfill(name, table, sets, where, schema, key, reads), keep_filled))

    def reverse(self) -> MigrateOperation:
        return DropBackfillOp(self.backfill.name)


@Operations.register_operation("drop_backfill")
class DropBackfillOp(MigrateOperation):
    """Forget a backfill, and drop what keeps rows filled."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def drop_backfill(cls, operations: Operations, name: str) -> None:
        operations.invoke(cls(name))


@Operations.register_operation("require_backfill")
class RequireBackfillOp(MigrateOperation):
    """Raise BackfillNotDone unless a backfill is done; of a small table it is done there and then."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def require_backfill(cls, operations: Operations, name: str) -> None:
        operations.invoke(cls(name))


@Operations.implementation_for(DeclareBackfillOp)
def _declare(operations: Operations, operation: DeclareBackfillOp) -> None:
    schema, declared = _schema(operations), operation.backfill
    _execute(operations, table_statement(schema))
    _execute(operations, declare_statement(declared, schema))
    if operation.keep_filled:
        _execute(operations, function_statement(declared, schema))
        for statement in trigger_statements(declared, schema):
            run(statement)
        _execute(operations, small_statement(declared, schema))


@Operations.implementation_for(DropBackfillOp)
def _drop(operations: Operations, operation: DropBackfillOp) -> None:
    schema = _schema(operations)
    run(drop_function_statement(operation.name, schema))
    _execute(operations, drop_statement(operation.name, schema))


@Operations.implementation_for(RequireBackfillOp)
def _require(operations: Operations, operation: RequireBackfillOp) -> None:
    schema = _schema(operations)
    if operations.get_context().as_sql:
        _execute(operations, require_statement(operation.name, schema))
        return
    state = find_state(operations.get_bind(), operation.name, schema)
    if state is None:
        raise UnknownBackfill([operation.name])
    if state.state != "done" and not is_done_now(operations.get_bind(), operation.name, schema):
        per_migration = operations.get_context().opts.get("transaction_per_migration", False)
        raise BackfillNotDone(operation.name, state.state, is_one_transaction=not per_migration)


def _schema(operations: Operations) -> str | None:
    """Return where Alembic keeps its version; there the table of backfills is as well."""
    return operations.get_context().version_table_schema


def _execute(operations: Operations, statement: str) -> None:
    context = operations.get_context()
    if context.as_sql:
        context.impl.static_output(f"{statement};\n")
    else:
        # As it stands: a colon or a percent sign in it is no parameter.
        operations.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
