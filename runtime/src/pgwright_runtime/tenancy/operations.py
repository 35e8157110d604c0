"""`op.create_tenant_policy` and `op.drop_tenant_policy`: what they run, how they are reversed, how they are written."""

from __future__ import annotations

import re
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations, ops
from sqlalchemy import DDL

from pgwright_runtime._sql import quoted
from pgwright_runtime.tenancy.binding import DEFAULT_SETTING
from pgwright_runtime.tenancy.policy import (
    DEFAULT_NAME,
    SqlType,
    TenantPolicy,
    create_statements,
    drop_statements,
)


class _PolicyOp(MigrateOperation):
    """What the two operations share: the table and the policy."""

    function: str

    def __init__(self, table: str, policy: TenantPolicy, schema: str | None) -> None:
        self.table, self.policy, self.schema = table, policy, schema

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return (self.function, self.schema, self.table, self.policy)


@Operations.register_operation("create_tenant_policy")
class CreateTenantPolicyOp(_PolicyOp):
    """Enable and force row security on a table, with a policy for its tenants."""

    function = "create_tenant_policy"

    @classmethod
    def create_tenant_policy(
        cls,
        operations: Operations,
        table: str,
        column: str,
        setting: str = DEFAULT_SETTING,
        type: SqlType = "integer",  # noqa: A002
        schema: str | None = None,
        name: str = DEFAULT_NAME,
    ) -> None:
        operations.invoke(cls(table, TenantPolicy(column, setting, type, name), schema))

    def reverse(self) -> MigrateOperation:
        return DropTenantPolicyOp(self.table, self.policy, self.schema)


@Operations.register_operation("drop_tenant_policy")
class DropTenantPolicyOp(_PolicyOp):
    """Drop a tenants' policy; where it was the last one, the table's row security ends, and all rows show."""

    function = "drop_tenant_policy"

    @classmethod
    def drop_tenant_policy(
        cls,
        operations: Operations,
        table: str,
        column: str,
        setting: str = DEFAULT_SETTING,
        type: SqlType = "integer",  # noqa: A002
        schema: str | None = None,
        name: str = DEFAULT_NAME,
    ) -> None:
        operations.invoke(cls(table, TenantPolicy(column, setting, type, name), schema))

    def reverse(self) -> MigrateOperation:
        return CreateTenantPolicyOp(self.table, self.policy, self.schema)


class StatementOp(ops.ExecuteSQLOp):
    """A statement that knows the one which takes it back."""

    def __init__(self, statement: str, undo: str) -> None:
        super().__init__(re.sub(r"(?<![:\w\\]):(?=\w)", r"\:", statement))  # op.execute takes :word for a parameter
        self.statement, self.undo = statement, undo

    def reverse(self) -> MigrateOperation:
        return StatementOp(self.undo, self.statement)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("execute", self.statement)


@Operations.implementation_for(CreateTenantPolicyOp)
def _create(operations: Operations, operation: CreateTenantPolicyOp) -> None:
    table = quoted(operation.table, operation.schema)
    _execute(operations, create_statements(table, operation.policy))


@Operations.implementation_for(DropTenantPolicyOp)
def _drop(operations: Operations, operation: DropTenantPolicyOp) -> None:
    table = quoted(operation.table, operation.schema)
    _execute(operations, drop_statements(table, operation.policy.name))


def _execute(operations: Operations, statements: list[str]) -> None:
    for statement in statements:
        # Not text(), which would take a colon in a name for a parameter.
        operations.execute(DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


@renderers.dispatch_for(CreateTenantPolicyOp)
@renderers.dispatch_for(DropTenantPolicyOp)
def _render(context: AutogenContext, operation: _PolicyOp) -> str:
    context.imports.add("import pgwright_runtime.tenancy.alembic  # noqa: F401  (registers op.create_tenant_policy)")
    policy = operation.policy
    values = {"column": policy.column, "setting": policy.setting, "type": policy.type}
    if operation.schema is not None:
        values["schema"] = operation.schema
    if policy.name != DEFAULT_NAME:
        values["name"] = policy.name
    arguments = "".join(f", {key}={value!r}" for key, value in values.items())
    return f"{context.opts['alembic_module_prefix']}{operation.function}({operation.table!r}{arguments})"
