"""`op.create_materialized_view` and its like: what they run, how they are reversed, how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op
from alembic.operations import MigrateOperation, Operations

from pgwright_runtime.materialized.statements import (
    ViewDefinition,
    create_statements,
    drop_statements,
    replace_statements,
)


class ViewOp(MigrateOperation):
    function: str

    def __init__(self, view: ViewDefinition, old: ViewDefinition | None = None) -> None:
        self.view, self.old = view, old

    def reverse(self) -> ViewOp:
        raise NotImplementedError

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return (self.function, self.view.schema, self.view.name)


@Operations.register_operation("create_materialized_view")
class CreateMaterializedViewOp(ViewOp):
    """Create a materialized view, fill it, and give it the unique index by which it is refreshed while it is read."""

    function = "create_materialized_view"

    @classmethod
    def create_materialized_view(
        cls,
        operations: Operations,
        name: str,
        definition: str,
        unique: Sequence[str],
        schema: str | None = None,
    ) -> None:
        operations.invoke(cls(ViewDefinition(name, definition, tuple(unique), schema)))

    def reverse(self) -> ViewOp:
        return DropMaterializedViewOp(self.view)


@Operations.register_operation("replace_materialized_view")
class ReplaceMaterializedViewOp(ViewOp):
    """Build a view anew beside the old one, then swap the two; readers wait from the swap to the commit."""

    function = "replace_materialized_view"

    @classmethod
    def replace_materialized_view(
        cls,
        operations: Operations,
        name: str,
        definition: str,
        unique: Sequence[str],
        schema: str | None = None,
    ) -> None:
        operations.invoke(cls(ViewDefinition(name, definition, tuple(unique), schema)))

    def reverse(self) -> ViewOp:
        if self.old is None:
            raise NotImplementedError("the definition that is replaced is not known")
        return ReplaceMaterializedViewOp(self.old, self.view)


@Operations.register_operation("drop_materialized_view")
class DropMaterializedViewOp(ViewOp):
    """Drop a materialized view; the definition is for whoever reads the revision, and for its downgrade."""

    function = "drop_materialized_view"

    @classmethod
    def drop_materialized_view(cls, operations: Operations, name: str, schema: str | None = None) -> None:
        operations.invoke(cls(ViewDefinition(name, "", (), schema)))

    def reverse(self) -> ViewOp:
        return CreateMaterializedViewOp(self.view)


class ViewOps(MigrateOperation):
    """Changes of views that read each other: what is replaced is replaced in the same order there and back."""

    def __init__(self, operations: Sequence[ViewOp]) -> None:
        self.ops = list(operations)

    def reverse(self) -> ViewOps:
        replaced = [one for one in self.ops if isinstance(one, ReplaceMaterializedViewOp)]
        created = [one for one in self.ops if isinstance(one, CreateMaterializedViewOp)]
        dropped = [one for one in self.ops if isinstance(one, DropMaterializedViewOp)]
        return ViewOps([one.reverse() for one in (*dropped[::-1], *replaced, *created[::-1])])


@Operations.implementation_for(CreateMaterializedViewOp)
def _create(operations: Operations, operation: CreateMaterializedViewOp) -> None:
    _execute(operations, create_statements(operation.view))


@Operations.implementation_for(ReplaceMaterializedViewOp)
def _replace(operations: Operations, operation: ReplaceMaterializedViewOp) -> None:
    _execute(operations, replace_statements(operation.view))


@Operations.implementation_for(DropMaterializedViewOp)
def _drop(operations: Operations, operation: DropMaterializedViewOp) -> None:
    _execute(operations, drop_statements(operation.view))


def _execute(operations: Operations, statements: Iterable[str]) -> None:
    context = operations.get_context()
    for statement in statements:
        if context.as_sql:
            context.impl.static_output(f"{statement};\n")
        else:
            # As it stands: a colon or a percent sign in it is no parameter.
            operations.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})


@renderers.dispatch_for(CreateMaterializedViewOp)
@renderers.dispatch_for(ReplaceMaterializedViewOp)
def _render(context: AutogenContext, operation: ViewOp) -> list[str]:
    view, indent = operation.view, "    "
    lines = [repr(line) for line in view.definition.splitlines(keepends=True)]
    schema = [f"{indent}schema={view.schema!r},"] if view.schema is not None else []
    return [
        "\n".join(
            [
                f"{_prefix(context)}{operation.function}(",
                f"{indent}{view.name!r},",
                *(f"{indent}{line}" for line in lines[:-1]),
                f"{indent}{lines[-1]},",
                f"{indent}unique={list(view.unique)!r},",
                *schema,
                ")",
            ]
        )
    ]


@renderers.dispatch_for(ViewOps)
def _render_all(context: AutogenContext, operations: ViewOps) -> list[str]:
    return [line for one in operations.ops for line in render_op(context, one)]


@renderers.dispatch_for(DropMaterializedViewOp)
def _render_drop(context: AutogenContext, operation: DropMaterializedViewOp) -> str:
    schema = f", schema={operation.view.schema!r}" if operation.view.schema is not None else ""
    return f"{_prefix(context)}{operation.function}({operation.view.name!r}{schema})"


def _prefix(context: AutogenContext) -> str:
    context.imports.add(
        "import pgwright_runtime.materialized.alembic  # noqa: F401  (registers op.create_materialized_view)"
    )
    return str(context.opts["alembic_module_prefix"])
