"""`op.create_living_references`, `op.create_living_view`, `op.create_living_policy`, and what takes each back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from alembic.operations import MigrateOperation, Operations

from pgwright_runtime._sql import quoted
from pgwright_runtime.soft_delete import policies, triggers
from pgwright_runtime.soft_delete.triggers import TableTriggers

# Whoever waits for an exclusive lock holds up all who come after, so a revision gives up and can be run again.
LOCK_WAIT = "5s"


class LivingOp(MigrateOperation):
    """What all of these share: a name of theirs and the arguments that it is written with."""

    function: str

    def __init__(self, table: str, schema: str | None, **arguments: Any) -> None:
        self.table, self.schema, self.arguments = table, schema, arguments

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return (self.function, self.schema, self.table, self.arguments)

    def statements(self, schema: str) -> Iterable[str]:
        """Return the SQL that it runs, in the schema that the table is in."""
        raise NotImplementedError

    @property
    def is_creating(self) -> bool:
        """Whether something comes, so that it comes last."""
        return self.function.startswith("create")


class _ReferencesOp(LivingOp):
    @property
    def triggers(self) -> TableTriggers:
        return TableTriggers.read(self.arguments)


@Operations.register_operation("create_living_references")
class CreateLivingReferencesOp(_ReferencesOp):
    """Refuse references of a table's rows to deleted ones, and let deletions of its own wait for those under way."""

    function = "create_living_references"

    @classmethod
    def create_living_references(
        cls,
        operations: Operations,
        table: str,
        references: Sequence[Mapping[str, Any]],
        key: Sequence[str] = (),
        is_marked: bool = True,
        schema: str | None = None,
    ) -> None:
        operations.invoke(cls(table, schema, references=references, key=key, is_marked=is_marked))

    def reverse(self) -> MigrateOperation:
        return DropLivingReferencesOp(self.table, self.schema, **self.arguments)

    def statements(self, schema: str) -> Iterable[str]:
        return triggers.create_statements(self.table, schema, self.triggers)


@Operations.register_operation("drop_living_references")
class DropLivingReferencesOp(_ReferencesOp):
    """Take back what `create_living_references` made."""

    function = "drop_living_references"

    @classmethod
    def drop_living_references(
        cls,
        operations: Operations,
        table: str,
        references: Sequence[Mapping[str, Any]],
        key: Sequence[str] = (),
        is_marked: bool = True,
        schema: str | None = None,
    ) -> None:
        operations.invoke(cls(table, schema, references=references, key=key, is_marked=is_marked))

    def reverse(self) -> MigrateOperation:
        return CreateLivingReferencesOp(self.table, self.schema, **self.arguments)

    def statements(self, schema: str) -> Iterable[str]:
        return triggers.drop_statements(self.table, schema, self.triggers)


@Operations.register_operation("create_living_view")
class CreateLivingViewOp(LivingOp):
    """Make a view of the rows of a table that live, in the same schema."""

    function = "create_living_view"

    @classmethod
    def create_living_view(
        cls, operations: Operations, table: str, name: str, columns: Sequence[str], schema: str | None = None
    ) -> None:
        operations.invoke(cls(table, schema, name=name, columns=columns))

    def reverse(self) -> MigrateOperation:
        return DropLivingViewOp(self.table, self.schema, **self.arguments)

    def statements(self, schema: str) -> Iterable[str]:
        return policies.view_statements(self.arguments["name"], self.table, schema, self.arguments["columns"])


@Operations.register_operation("drop_living_view")
class DropLivingViewOp(LivingOp):
    """Drop a view of the rows that live."""

    function = "drop_living_view"

    @classmethod
    def drop_living_view(
        cls, operations: Operations, table: str, name: str, columns: Sequence[str], schema: str | None = None
    ) -> None:
        operations.invoke(cls(table, schema, name=name, columns=columns))

    def reverse(self) -> MigrateOperation:
        return CreateLivingViewOp(self.table, self.schema, **self.arguments)

    def statements(self, schema: str) -> Iterable[str]:
        return [f"DROP VIEW {quoted(self.arguments['name'], schema)}"]


@Operations.register_operation("create_living_policy")
class CreateLivingPolicyOp(LivingOp):
    """Show a role only the rows of a table that live; `all_rows`: all other roles see all, as before."""

    function = "create_living_policy"

    @classmethod
    def create_living_policy(
        cls, operations: Operations, table: str, role: str, all_rows: bool = True, schema: str | None = None
    ) -> None:
        operations.invoke(cls(table, schema, role=role, all_rows=all_rows))

    def reverse(self) -> MigrateOperation:
        return DropLivingPolicyOp(self.table, self.schema, **self.arguments)

    def statements(self, schema: str) -> Iterable[str]:
        return policies.policy_statements(quoted(self.table, schema), **self.arguments)


@Operations.register_operation("drop_living_policy")
class DropLivingPolicyOp(LivingOp):
    """Let a role see deleted rows again; with the last such policy the table's row security ends."""

    function = "drop_living_policy"

    @classmethod
    def drop_living_policy(
        cls, operations: Operations, table: str, role: str, all_rows: bool = True, schema: str | None = None
    ) -> None:
        operations.invoke(cls(table, schema, role=role, all_rows=all_rows))

    def reverse(self) -> MigrateOperation:
        return CreateLivingPolicyOp(self.table, self.schema, **self.arguments)

    def statements(self, schema: str) -> Iterable[str]:
        return policies.drop_policy_statements(quoted(self.table, schema), **self.arguments)


@Operations.implementation_for(CreateLivingReferencesOp)
@Operations.implementation_for(DropLivingReferencesOp)
@Operations.implementation_for(CreateLivingViewOp)
@Operations.implementation_for(DropLivingViewOp)
@Operations.implementation_for(CreateLivingPolicyOp)
@Operations.implementation_for(DropLivingPolicyOp)
def _run(operations: Operations, operation: LivingOp) -> None:
    schema = operation.schema or _current_schema(operations)
    with _short_wait(operations):
        for statement in operation.statements(schema):
            execute(operations, statement)


def _current_schema(operations: Operations) -> str:
    """Return where a table without schema is; printed for later it is not known, so the usual one."""
    context = operations.migration_context
    if context.as_sql:
        return context.dialect.default_schema_name or "public"
    return str(operations.get_bind().exec_driver_sql("SELECT current_schema()").scalar_one())


@contextmanager
def _short_wait(operations: Operations) -> Iterator[None]:
    """Wait shortly for locks inside the block, and as long as before after it; a rollback takes that back, too."""
    own = "'pgwright.lock_timeout'"
    execute(operations, f"SELECT set_config({own}, current_setting('lock_timeout'), false)")
    execute(operations, f"SET lock_timeout = '{LOCK_WAIT}'")
    yield
    execute(operations, f"SELECT set_config('lock_timeout', current_setting({own}), false)")


def execute(operations: Operations, statement: str) -> None:
    """Run a statement as it stands, or print it in offline mode."""
    context = operations.migration_context
    if context.as_sql:
        context.impl.static_output(f"{statement};")
    else:
        # A percent sign is a percent sign, and a colon a colon.
        operations.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
