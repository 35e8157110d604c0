"""The list of erased persons in autogenerate: no model declares it, and it is not dropped for that."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops

from pgwright_runtime.erasure.ledger import TABLE

try:  # Since Alembic 1.18; before, functions ran in the order of their registration, so ours came last anyway.
    from alembic.util import DispatchPriority

    _LAST: dict[str, Any] = {"priority": DispatchPriority.LAST}
except ImportError:  # pragma: no cover
    _LAST = {}


@comparators.dispatch_for("schema", **_LAST)
def _keep_list(context: AutogenContext, upgrade: ops.UpgradeOps, schemas: set[str | None]) -> None:
    upgrade.ops[:] = [
        operation
        for operation in upgrade.ops
        if not (isinstance(operation, ops.DropTableOp) and operation.table_name == TABLE)
    ]
