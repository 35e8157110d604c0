"""The journal in autogenerate: no model declares it, and it is not dropped for that."""

from __future__ import annotations

from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops

from pgwright_runtime._autogenerate import LAST
from pgwright_runtime.migrations.journal import NAME


@comparators.dispatch_for("schema", **LAST)
def _keep_journal(context: AutogenContext, upgrade: ops.UpgradeOps, schemas: set[str | None]) -> None:
    upgrade.ops[:] = [
        operation
        for operation in upgrade.ops
        if not (isinstance(operation, ops.DropTableOp) and operation.table_name == NAME)
    ]
