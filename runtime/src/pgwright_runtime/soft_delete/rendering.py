"""How the operations are written into a revision."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations
from sqlalchemy import Index
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex

from pgwright_runtime._sql import quoted
from pgwright_runtime.soft_delete import operations as living

_IMPORT = (
    "import pgwright_runtime.soft_delete.alembic  # noqa: F401  (registers op.create_living_references and others)"
)
_STEPS = "from pgwright_runtime.migrations import create_index, patient_session, run_long"


@renderers.dispatch_for(living.CreateLivingReferencesOp)
@renderers.dispatch_for(living.DropLivingReferencesOp)
@renderers.dispatch_for(living.CreateLivingViewOp)
@renderers.dispatch_for(living.DropLivingViewOp)
@renderers.dispatch_for(living.CreateLivingPolicyOp)
@renderers.dispatch_for(living.DropLivingPolicyOp)
def _render(context: AutogenContext, operation: living.LivingOp) -> str:
    context.imports.add(_IMPORT)
    values = {**operation.arguments, **({"schema": operation.schema} if operation.schema else {})}
    arguments = "".join(f", {key}={value!r}" for key, value in values.items())
    return f"{context.opts['alembic_module_prefix']}{operation.function}({operation.table!r}{arguments})"


class _IndexOp(MigrateOperation):
    def __init__(self, index: Index) -> None:
        self.index = index
        assert index.table is not None
        self.name = quoted(str(index.name), index.table.schema)

    @property
    def statement(self) -> str:
        raise NotImplementedError

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("add_index" if isinstance(self, BuildIndexOp) else "remove_index", self.index)


class BuildIndexOp(_IndexOp):
    """Build an index while others read and write the table."""

    @property
    def statement(self) -> str:
        built = CreateIndex(self.index, if_not_exists=True).compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
        return " ".join(str(built).split()).replace(" INDEX IF", " INDEX CONCURRENTLY IF", 1)

    def reverse(self) -> MigrateOperation:
        return RemoveIndexOp(self.index)


class RemoveIndexOp(_IndexOp):
    """Drop an index while others read and write the table."""

    @property
    def statement(self) -> str:
        return f"DROP INDEX CONCURRENTLY IF EXISTS {self.name}"

    def reverse(self) -> MigrateOperation:
        return BuildIndexOp(self.index)


@Operations.implementation_for(BuildIndexOp)
@Operations.implementation_for(RemoveIndexOp)
def _run(operations: Operations, operation: _IndexOp) -> None:
    with operations.get_context().autocommit_block():
        living.execute(operations, operation.statement)


@renderers.dispatch_for(BuildIndexOp)
@renderers.dispatch_for(RemoveIndexOp)
def _render_index(context: AutogenContext, operation: _IndexOp) -> list[str]:
    context.imports.add(_STEPS)
    prefix = context.opts["alembic_module_prefix"]
    is_new = isinstance(operation, BuildIndexOp)
    step = (
        f"create_index({operation.name!r}, {operation.statement!r})" if is_new else f"run_long({operation.statement!r})"
    )
    return [f"with patient_session(), {prefix}get_context().autocommit_block():", step, ""]
