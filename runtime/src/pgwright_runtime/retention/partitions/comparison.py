"""Partitions in autogenerate: they are no tables of the models, and are not dropped for that."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from sqlalchemy import text

from pgwright_runtime._autogenerate import LAST

_PARTITIONS = text("""
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relispartition
""")


@comparators.dispatch_for("schema", **LAST)
def _compare(context: AutogenContext, upgrade: ops.UpgradeOps, schemas: set[str | None]) -> None:
    connection = context.connection
    if connection is None or connection.dialect.name != "postgresql":
        return
    found = {(row.nspname, row.relname) for row in connection.execute(_PARTITIONS)}
    default = connection.dialect.default_schema_name or "public"

    def is_partition(operation: Any) -> bool:
        is_about_table = isinstance(operation, ops.DropTableOp | ops.ModifyTableOps | ops.DropIndexOp)
        return is_about_table and (operation.schema or default, operation.table_name) in found

    upgrade.ops[:] = [operation for operation in upgrade.ops if not is_partition(operation)]
