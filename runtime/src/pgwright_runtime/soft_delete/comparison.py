"""Soft delete in autogenerate: compares what the models declare with what the database has.

What goes, goes before all else in the upgrade, and what comes, comes last: PostgreSQL drops no column that a view or a
policy reads. Indexes on tables that exist already come after that, concurrently and each committed on its own, and the
unique key that one replaces goes after it. The downgrade is the same in reverse order.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, ops
from sqlalchemy import Connection, Index, Table, UniqueConstraint

from pgwright_runtime._autogenerate import LAST
from pgwright_runtime.soft_delete.catalog import FoundLiving, read_living
from pgwright_runtime.soft_delete.declared import declared_roles, declared_triggers, declared_view
from pgwright_runtime.soft_delete.indexes import is_living_index, may_come_again
from pgwright_runtime.soft_delete.mixin import TABLE_INFO, mark_of
from pgwright_runtime.soft_delete.operations import (
    CreateLivingPolicyOp,
    CreateLivingReferencesOp,
    CreateLivingViewOp,
    DropLivingPolicyOp,
    DropLivingReferencesOp,
    DropLivingViewOp,
    LivingOp,
)
from pgwright_runtime.soft_delete.rendering import BuildIndexOp
from pgwright_runtime.soft_delete.triggers import (
    CHECKS,
    LOCKS,
    TableTriggers,
    checking_source,
    locking_source,
)

_log = logging.getLogger(__name__)


@comparators.dispatch_for("schema", **LAST)
def _compare(context: AutogenContext, upgrade: ops.UpgradeOps, schemas: set[str | None]) -> None:
    connection = context.connection
    if connection is None or connection.dialect.name != "postgresql" or not schemas:
        return
    default = connection.dialect.default_schema_name or "public"
    tables = [table for table in context.sorted_tables if _is_included(context, table, schemas, default)]
    changes = [*_differences(connection, context, upgrade, tables, schemas, default)]
    indexes = [*_take_indexes(upgrade, tables, default)]
    upgrade.ops[:0] = [change for change in changes if not change.is_creating]
    upgrade.ops.extend(change for change in changes if change.is_creating)
    upgrade.ops.extend(indexes)
    for table in tables:
        _warn_of_unique_keys(table)


def _is_included(context: AutogenContext, table: Table, schemas: set[str | None], default: str) -> bool:
    schema = None if table.schema == default else table.schema
    is_named = schema in schemas and context.run_name_filters(table.name, "table", {"schema_name": schema})
    return is_named and context.run_object_filters(table, table.name, "table", False, None)


def _differences(
    connection: Connection,
    context: AutogenContext,
    upgrade: ops.UpgradeOps,
    tables: list[Table],
    schemas: set[str | None],
    default: str,
) -> Iterator[LivingOp]:
    found = read_living(connection, {schema or default for schema in schemas})
    retyped = _retyped_tables(upgrade)
    triggers = declared_triggers(context.sorted_tables)
    for operation in upgrade.ops:
        if isinstance(operation, ops.CreateTableOp):
            for name in [name for name in operation.info if str(name).startswith(TABLE_INFO)]:
                del operation.info[name]  # from its copy: a revision has no use for it
        elif isinstance(operation, ops.DropTableOp):  # the downgrade of ours then follows the table's return
            before = found.pop((operation.schema or default, operation.table_name), FoundLiving())
            yield from _drop_all(before, operation.table_name, operation.schema)
    for table in tables:
        before = found.get((table.schema or default, table.name), FoundLiving())
        yield from _trigger_differences(table, table.schema or default, triggers.get(table), before)
        yield from _view_differences(table, before, (table.schema, table.name) in retyped)
        yield from _policy_differences(table, before)


def _retyped_tables(upgrade: ops.UpgradeOps) -> set[tuple[str | None, str]]:
    return {
        (change.schema, change.table_name)
        for table in upgrade.ops
        if isinstance(table, ops.ModifyTableOps)
        for change in table.ops
        if isinstance(change, ops.AlterColumnOp) and change.modify_type is not None
    }


def _drop_all(found: FoundLiving, table: str, schema: str | None) -> Iterator[LivingOp]:
    if found.triggers is not None:
        yield DropLivingReferencesOp(table, schema, **found.triggers.document())
    for view, columns in found.views.items():
        yield DropLivingViewOp(table, schema, name=view, columns=list(columns))
    for role, all_rows in found.roles.items():
        yield DropLivingPolicyOp(table, schema, role=role, all_rows=all_rows)


def _trigger_differences(
    table: Table, schema: str, declared: TableTriggers | None, found: FoundLiving
) -> Iterator[LivingOp]:
    sources = {}
    if declared is not None and declared.references:
        sources[CHECKS] = checking_source(schema, declared)
    if declared is not None and declared.key:
        sources[LOCKS] = locking_source(table.name, schema, declared)
    if {name: source.strip() for name, source in found.sources.items()} == {n: s.strip() for n, s in sources.items()}:
        return
    if found.triggers is not None:
        yield DropLivingReferencesOp(table.name, table.schema, **found.triggers.document())
    if declared is not None:
        yield CreateLivingReferencesOp(table.name, table.schema, **declared.document())


def _view_differences(table: Table, found: FoundLiving, is_retyped: bool) -> Iterator[LivingOp]:
    declared = dict([view] if (view := declared_view(table)) is not None else [])
    kept = (
        {} if is_retyped else {name: columns for name, columns in found.views.items() if declared.get(name) == columns}
    )
    for name, columns in found.views.items():
        if name not in kept:
            yield DropLivingViewOp(table.name, table.schema, name=name, columns=list(columns))
    for name, columns in declared.items():
        if name not in kept:
            yield CreateLivingViewOp(table.name, table.schema, name=name, columns=list(columns))


def _policy_differences(table: Table, found: FoundLiving) -> Iterator[LivingOp]:
    # Where tenants have policies, one for all rows would let them see each other's.
    declared = dict.fromkeys(declared_roles(table), "tenant" not in table.info)
    for role, all_rows in found.roles.items():
        if declared.get(role) is not all_rows:
            yield DropLivingPolicyOp(table.name, table.schema, role=role, all_rows=all_rows)
    for role, all_rows in declared.items():
        if found.roles.get(role) is not all_rows:
            yield CreateLivingPolicyOp(table.name, table.schema, role=role, all_rows=all_rows)


def _take_indexes(upgrade: ops.UpgradeOps, tables: list[Table], default: str) -> Iterator[MigrateOperation]:
    """Yield the changes of living and purge indexes of tables that exist already, and take them out of the upgrade."""
    new = {(one.schema, one.table_name) for one in upgrade.ops if isinstance(one, ops.CreateTableOp)}
    known = {(table.schema, table.name): table for table in tables}
    replaced: list[MigrateOperation] = []
    for changes in upgrade.ops:
        if not isinstance(changes, ops.ModifyTableOps) or (changes.schema, changes.table_name) in new:
            continue
        table = known.get((changes.schema, changes.table_name))
        ours = {
            str(index.name): index for index in (table.indexes if table is not None else ()) if is_living_index(index)
        }
        keys = {tuple(index.columns.keys()) for index in ours.values() if index.unique}
        rest: list[MigrateOperation] = []
        for change in changes.ops:
            if isinstance(change, ops.CreateIndexOp) and str(change.index_name) in ours:
                yield BuildIndexOp(ours[str(change.index_name)])
            elif _unique_columns(change) in keys:
                replaced.append(change)
            else:
                rest.append(change)
        changes.ops[:] = rest
    upgrade.ops[:] = [one for one in upgrade.ops if not (isinstance(one, ops.ModifyTableOps) and not one.ops)]
    yield from replaced


def _unique_columns(change: MigrateOperation) -> tuple[str, ...] | None:
    """Return the columns of the unique key that a change drops; None: it is another change."""
    dropped: Any = None
    if isinstance(change, ops.DropIndexOp):
        dropped = change.to_index()
    elif isinstance(change, ops.DropConstraintOp) and change.constraint_type == "unique":
        dropped = change.to_constraint()
    is_unique = isinstance(dropped, UniqueConstraint) or (isinstance(dropped, Index) and dropped.unique)
    return tuple(dropped.columns.keys()) if is_unique else None


def _warn_of_unique_keys(table: Table) -> None:
    if mark_of(table) is None:
        return
    keys: list[Any] = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    keys += [index for index in table.indexes if index.unique and not is_living_index(index)]
    referred = {tuple(sorted(c.name for c in key.columns)) for key in keys if _is_referred_to(table, key)}
    for key in keys:
        columns = [column.name for column in key.columns]
        if columns and may_come_again(key) and tuple(sorted(columns)) not in referred:
            listed = ", ".join(repr(column) for column in columns)
            _log.warning(
                "a deleted row of %s keeps its %s: declare living_unique(%s) instead, or info=NEVER_AGAIN if a value "
                "must not come again",
                table.fullname,
                ", ".join(columns),
                listed,
            )


def _is_referred_to(table: Table, key: Any) -> bool:
    columns = set(key.columns)
    return any(
        {element.column for element in constraint.elements} == columns
        for other in table.metadata.tables.values()
        for constraint in other.foreign_key_constraints
        if constraint.referred_table is table
    )
