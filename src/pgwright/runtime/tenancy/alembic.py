"""Alembic operations for tenants' policies, and their place in autogenerate. Import it in `env.py`; that is all.

    op.create_tenant_policy("couriers", column="organization_id", setting="app.current_org_id", type="integer")
    op.drop_tenant_policy("couriers", column="organization_id", setting="app.current_org_id", type="integer")

Both take ACCESS EXCLUSIVE on the table for a moment and read none of its rows. Neither touches an index: Alembic
creates the one that the model declares, and autogenerate asks for it where none begins with the tenant's column.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

from alembic.autogenerate import comparators, renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations, ops
from sqlalchemy import DDL, Index, PrimaryKeyConstraint, Table, UniqueConstraint

from pgwright.runtime.tenancy.binding import DEFAULT_SETTING
from pgwright.runtime.tenancy.catalog import FoundTable, read_policies
from pgwright.runtime.tenancy.policy import (
    DEFAULT_NAME,
    TABLE_INFO,
    SqlType,
    TenantPolicy,
    create_statements,
    declared_policy,
    drop_statements,
    quote,
)

try:  # Since Alembic 1.18; before, functions ran in the order of their registration, so ours came last anyway.
    from alembic.util import DispatchPriority

    _LAST: dict[str, Any] = {"priority": DispatchPriority.LAST}
except ImportError:  # pragma: no cover
    _LAST = {}

_log = logging.getLogger(__name__)


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


class _StatementOp(ops.ExecuteSQLOp):
    """A statement that knows the one which takes it back."""

    def __init__(self, statement: str, undo: str) -> None:
        super().__init__(re.sub(r"(?<![:\w\\]):(?=\w)", r"\:", statement))  # op.execute takes :word for a parameter
        self.statement, self.undo = statement, undo

    def reverse(self) -> MigrateOperation:
        return _StatementOp(self.undo, self.statement)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("execute", self.statement)


@Operations.implementation_for(CreateTenantPolicyOp)
def _create(operations: Operations, operation: CreateTenantPolicyOp) -> None:
    table = _quoted(operation.table, operation.schema)
    _execute(operations, create_statements(table, operation.policy))


@Operations.implementation_for(DropTenantPolicyOp)
def _drop(operations: Operations, operation: DropTenantPolicyOp) -> None:
    table = _quoted(operation.table, operation.schema)
    _execute(operations, drop_statements(table, operation.policy.name))


def _execute(operations: Operations, statements: list[str]) -> None:
    for statement in statements:
        # Not text(), which would take a colon in a name for a parameter.
        operations.execute(DDL(statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


def _quoted(table: str, schema: str | None) -> str:
    return (f"{quote(schema)}." if schema else "") + quote(table)


@renderers.dispatch_for(CreateTenantPolicyOp)
@renderers.dispatch_for(DropTenantPolicyOp)
def _render(context: AutogenContext, operation: _PolicyOp) -> str:
    context.imports.add("import pgwright.runtime.tenancy.alembic  # noqa: F401  (registers op.create_tenant_policy)")
    policy = operation.policy
    values = {"column": policy.column, "setting": policy.setting, "type": policy.type}
    if operation.schema is not None:
        values["schema"] = operation.schema
    if policy.name != DEFAULT_NAME:
        values["name"] = policy.name
    arguments = "".join(f", {key}={value!r}" for key, value in values.items())
    return f"{context.opts['alembic_module_prefix']}{operation.function}({operation.table!r}{arguments})"


@comparators.dispatch_for("schema", **_LAST)
def _compare(context: AutogenContext, upgrade: ops.UpgradeOps, schemas: set[str | None]) -> None:
    connection = context.connection
    if connection is None or connection.dialect.name != "postgresql":
        return
    default = connection.dialect.default_schema_name or "public"
    found = read_policies(connection, {schema or default for schema in schemas})
    dropped = [operation for operation in upgrade.ops if isinstance(operation, ops.DropTableOp)]
    for operation in upgrade.ops:
        if isinstance(operation, ops.CreateTableOp):
            operation.info.pop(TABLE_INFO, None)  # its copy: a revision would show a TenantPolicy that it never imports
    for operation in dropped:  # before the table goes; its downgrade then follows the table's return
        before = found.get((operation.schema or default, operation.table_name))
        upgrade.ops[:0] = _drop_all(before, operation.table_name, operation.schema)
    for table in context.sorted_tables:
        schema = None if table.schema == default else table.schema
        is_included = schema in schemas and context.run_name_filters(table.name, "table", {"schema_name": schema})
        if is_included and context.run_object_filters(table, table.name, "table", False, None):
            now = found.get((schema or default, table.name))
            upgrade.ops.extend(_differences(table, table.schema, now))


def _differences(table: Table, schema: str | None, found: FoundTable | None) -> Iterator[MigrateOperation]:
    declared = declared_policy(table)
    if declared is None:
        yield from _drop_all(found, table.name, schema)
        return
    if not _is_indexed(table, declared.column):
        example = f"Index('ix_{table.name}_{declared.column}', '{declared.column}')"
        _log.warning(
            "no index of %s begins with %s, so each tenant reads it whole; declare %s",
            table.fullname,
            declared.column,
            example,
        )
    if found is None:
        yield CreateTenantPolicyOp(table.name, declared, schema)
        return
    policies = [(policy, policy.recognise()) for policy in found.policies]
    name = _quoted(table.name, schema)
    is_whole = found.is_enabled and found.is_forced
    is_bare = not (found.is_enabled or found.is_forced or found.policies)
    by_hand = any(known is None and policy.name == declared.name for policy, known in policies)
    if not is_bare and (not is_whole or by_hand or not found.policies):
        # First here, so last in the downgrade: dropping our policy may have ended the row security that was there.
        yield _StatementOp(_security(name, True, True), _security(name, found.is_enabled, found.is_forced))
    for policy, known in policies:
        if known is not None and known != declared:
            yield DropTenantPolicyOp(table.name, known, schema)
        elif known is None and policy.name == declared.name:
            yield _StatementOp(f"DROP POLICY {quote(policy.name)} ON {name}", policy.statement(name))
    if declared not in [known for _, known in policies]:
        yield CreateTenantPolicyOp(table.name, declared, schema)


def _drop_all(found: FoundTable | None, table: str, schema: str | None) -> Iterator[MigrateOperation]:
    for policy in found.policies if found else ():
        known = policy.recognise()
        if known is not None:
            yield DropTenantPolicyOp(table, known, schema)


def _security(table: str, enable: bool, force: bool) -> str:
    forced = "FORCE" if force else "NO FORCE"
    return f"ALTER TABLE {table} {'ENABLE' if enable else 'DISABLE'} ROW LEVEL SECURITY, {forced} ROW LEVEL SECURITY"


def _is_indexed(table: Table, column: str) -> bool:
    keys = [key for key in table.constraints if isinstance(key, PrimaryKeyConstraint | UniqueConstraint)]
    whole = [index for index in table.indexes if index.dialect_options["postgresql"]["where"] is None]
    served: list[Index | PrimaryKeyConstraint | UniqueConstraint] = [*keys, *whole]
    return any(next(iter(item.columns.keys()), None) == column for item in served)
