"""The policies in autogenerate: compares what the models declare with what the database has.

What goes, goes before all else in the upgrade, and what comes, comes last: PostgreSQL neither drops a column that a
policy reads nor changes its type. The downgrade is the same in reverse order.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, ops
from sqlalchemy import Index, PrimaryKeyConstraint, Table, UniqueConstraint

from pgwright_runtime._autogenerate import LAST
from pgwright_runtime._sql import quote, quoted
from pgwright_runtime.tenancy.catalog import FoundTable, read_policies
from pgwright_runtime.tenancy.operations import CreateTenantPolicyOp, DropTenantPolicyOp, StatementOp
from pgwright_runtime.tenancy.policy import TABLE_INFO, declared_policy

_log = logging.getLogger(__name__)


@comparators.dispatch_for("schema", **LAST)
def _compare(context: AutogenContext, upgrade: ops.UpgradeOps, schemas: set[str | None]) -> None:
    connection = context.connection
    if connection is None or connection.dialect.name != "postgresql" or not schemas:
        return
    default = connection.dialect.default_schema_name or "public"
    found = read_policies(connection, {schema or default for schema in schemas})
    retyped = _retyped_columns(upgrade)
    first: list[MigrateOperation] = []
    last: list[MigrateOperation] = []
    for operation in upgrade.ops:
        if isinstance(operation, ops.CreateTableOp):
            operation.info.pop(TABLE_INFO, None)  # its copy: a revision would show a TenantPolicy that it never imports
        elif isinstance(operation, ops.DropTableOp):  # the downgrade of ours then follows the table's return
            before = found.get((operation.schema or default, operation.table_name))
            first.extend(_drop_all(before, operation.table_name, operation.schema))
    for table in context.sorted_tables:
        schema = None if table.schema == default else table.schema
        is_included = schema in schemas and context.run_name_filters(table.name, "table", {"schema_name": schema})
        if is_included and context.run_object_filters(table, table.name, "table", False, None):
            for operation in _differences(table, found.get((schema or default, table.name)), retyped):
                (last if isinstance(operation, CreateTenantPolicyOp) else first).append(operation)
    upgrade.ops[:0] = first
    upgrade.ops.extend(last)


def _retyped_columns(upgrade: ops.UpgradeOps) -> set[tuple[str | None, str, str]]:
    return {
        (change.schema, change.table_name, change.column_name)
        for table in upgrade.ops
        if isinstance(table, ops.ModifyTableOps)
        for change in table.ops
        if isinstance(change, ops.AlterColumnOp) and change.modify_type is not None
    }


def _differences(
    table: Table, found: FoundTable | None, retyped: set[tuple[str | None, str, str]]
) -> Iterator[MigrateOperation]:
    declared = declared_policy(table)
    if declared is None:
        yield from _drop_all(found, table.name, table.schema)
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
        yield CreateTenantPolicyOp(table.name, declared, table.schema)
        return
    policies = [(policy, policy.recognise()) for policy in found.policies]
    name = quoted(table.name, table.schema)
    is_whole = found.is_enabled and found.is_forced
    is_bare = not (found.is_enabled or found.is_forced or found.policies)
    by_hand = any(known is None and policy.name == declared.name for policy, known in policies)
    if not is_bare and (not is_whole or by_hand or not found.policies):
        # First here, so last in the downgrade: dropping our policy may have ended the row security that was there.
        yield StatementOp(_security(name, True, True), _security(name, found.is_enabled, found.is_forced))
    kept = None if (table.schema, table.name, declared.column) in retyped else declared
    for policy, known in policies:
        if known is not None and known != kept:
            yield DropTenantPolicyOp(table.name, known, table.schema)
        elif known is None and policy.name == declared.name:
            yield StatementOp(f"DROP POLICY {quote(policy.name)} ON {name}", policy.statement(name))
    if kept not in [known for _, known in policies if known is not None]:
        yield CreateTenantPolicyOp(table.name, declared, table.schema)


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
