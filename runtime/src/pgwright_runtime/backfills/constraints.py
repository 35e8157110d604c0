"""`op.add_checked_not_null` and `op.add_validated_constraint`: what is true of all rows is stated without a long lock.

To add a constraint as it is reads the whole table under a lock that keeps everybody out, or all who write. In steps,
each a transaction of its own, only the reading is long, and nobody waits for that.
Source: PostgreSQL manual, ALTER TABLE, notes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from alembic.operations import MigrateOperation, Operations

from pgwright_runtime._sql import filled_sql, literal, quote, quoted, shortened
from pgwright_runtime._steps import patient_session, run, run_long
from pgwright_runtime.backfills.statements import PACKAGE


@Operations.register_operation("add_validated_constraint")
class AddValidatedConstraintOp(MigrateOperation):
    """Add a constraint NOT VALID, then validate it; it can be run again after an interruption."""

    def __init__(self, table: str, name: str, definition: str, schema: str | None) -> None:
        self.table, self.name, self.definition, self.schema = table, name, definition, schema

    @classmethod
    def add_validated_constraint(
        cls, operations: Operations, table: str, name: str, definition: str, *, schema: str | None = None
    ) -> None:
        """Add a constraint to a table in use.

        Args:
            definition: `CHECK (…)` or `FOREIGN KEY (…) REFERENCES … (…)`.
        """
        operations.invoke(cls(table, name, definition, schema))


@Operations.register_operation("add_checked_not_null")
class AddCheckedNotNullOp(MigrateOperation):
    """Make a column NOT NULL: a check that is validated spares the server to read the table under the lock."""

    def __init__(self, table: str, column: str, schema: str | None) -> None:
        self.table, self.column, self.schema = table, column, schema

    @classmethod
    def add_checked_not_null(
        cls, operations: Operations, table: str, column: str, *, schema: str | None = None
    ) -> None:
        """Make a column of a table in use NOT NULL."""
        operations.invoke(cls(table, column, schema))


@Operations.implementation_for(AddValidatedConstraintOp)
def _add(operations: Operations, operation: AddValidatedConstraintOp) -> None:
    with _own_transactions(operations):
        _add_and_validate(quoted(operation.table, operation.schema), operation.name, operation.definition)


@Operations.implementation_for(AddCheckedNotNullOp)
def _require(operations: Operations, operation: AddCheckedNotNullOp) -> None:
    table, column = quoted(operation.table, operation.schema), quote(operation.column)
    check = shortened("pgwright_not_null_", operation.column)
    with _own_transactions(operations):
        _add_and_validate(table, check, f"CHECK ({column} IS NOT NULL)")
        run(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")
        run(f"ALTER TABLE {table} DROP CONSTRAINT {quote(check)}")


def _add_and_validate(table: str, name: str, definition: str) -> None:
    run(
        filled_sql(
            PACKAGE,
            "add_constraint",
            {
                "TARGET_NAME": literal(table),
                "TARGET_TABLE": table,
                "CONSTRAINT_NAME": literal(name),
                "CONSTRAINT_QUOTED": quote(name),
                "DEFINITION": definition,
            },
        )
    )
    run_long(f"ALTER TABLE {table} VALIDATE CONSTRAINT {quote(name)}")


@contextmanager
def _own_transactions(operations: Operations) -> Iterator[None]:
    """Let each step commit before the next one, unless the revision sees to that already."""
    context = operations.get_context()
    is_offline = context.as_sql
    with ExitStack() as stack:
        if is_offline or operations.get_bind().get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            stack.enter_context(patient_session())
            stack.enter_context(context.autocommit_block())
        yield
