"""`op.create_erased_persons` and `op.drop_erased_persons`: the table of hashed keys, and how it is taken back."""

from __future__ import annotations

from alembic.operations import MigrateOperation, Operations

from pgwright_runtime.erasure.ledger import TABLE

# Hashes only, and no foreign key: whom they are of is gone.
_CREATE = f"""CREATE TABLE {TABLE} (
    person text PRIMARY KEY, subject text NOT NULL, erased_at timestamptz NOT NULL DEFAULT now())"""


@Operations.register_operation("create_erased_persons")
class CreateErasedPersonsOp(MigrateOperation):
    """Create the table that lists the hashed keys of erased persons."""

    @classmethod
    def create_erased_persons(cls, operations: Operations) -> None:
        operations.invoke(cls())

    def reverse(self) -> MigrateOperation:
        return DropErasedPersonsOp()


@Operations.register_operation("drop_erased_persons")
class DropErasedPersonsOp(MigrateOperation):
    """Drop it; who was erased is then only on lists elsewhere."""

    @classmethod
    def drop_erased_persons(cls, operations: Operations) -> None:
        operations.invoke(cls())

    def reverse(self) -> MigrateOperation:
        return CreateErasedPersonsOp()


@Operations.implementation_for(CreateErasedPersonsOp)
def _create(operations: Operations, operation: CreateErasedPersonsOp) -> None:
    operations.execute(_CREATE)


@Operations.implementation_for(DropErasedPersonsOp)
def _drop(operations: Operations, operation: DropErasedPersonsOp) -> None:
    operations.execute(f"DROP TABLE {TABLE}")
