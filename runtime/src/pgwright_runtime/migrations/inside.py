"""What we need of Alembic's context and its public API does not offer; nowhere else is a private name of it touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import HeadMaintainer, MigrationContext, RevisionStep
from alembic.util import CommandError
from sqlalchemy import Connection, TwoPhaseTransaction

from pgwright_runtime._alchemy import same_session


def steps_of(context: MigrationContext) -> tuple[tuple[str, ...], list[Any]]:
    """Return the heads of the database and what the command would do, each a step of a revision or of a stamp.

    `_migrations_fn` is the command itself: it may be asked once, for `alembic check` compares what it finds.
    """
    heads = context.get_current_heads()
    assert context._migrations_fn is not None
    steps = list(context._migrations_fn(heads, context))
    if not are_revisions(steps):
        context._migrations_fn = lambda heads, context: steps
    return heads, steps


def steps_again(context: MigrationContext) -> tuple[tuple[str, ...], list[Any]]:
    """Return the same once more: a command that has revisions to run only finds them, and may be asked again."""
    found = steps_of(context)
    settle(context)
    return found


def are_revisions(steps: Sequence[object]) -> bool:
    """True where there is something to run, and all of it are revisions; a stamp is none."""
    return bool(steps) and all(isinstance(step, RevisionStep) for step in steps)


def run_as_alembic(context: MigrationContext, options: dict[str, Any]) -> None:
    """Let Alembic do what it would do."""
    with Operations.context(context):
        context.run_migrations(**options)


def ensure_version_table(context: MigrationContext) -> None:
    """`_ensure_version_table`: `stamp` would do it, too, but needs a revision."""
    context._ensure_version_table()


@contextmanager
def own_transactions(context: MigrationContext, *, ends_outer: bool) -> Iterator[bool]:
    """Let each revision be a transaction of its own inside the block; False: it is a savepoint of env.py's.

    `_transaction_per_migration`: what env.py's `configure()` was given, or not. `_transaction`: what
    `begin_transaction()` began for all revisions together. Where env.py began one before `configure()`, that is not
    ours to end, unless we are told so.

    Raises: CommandError: it is a two-phase transaction, which nobody else can end.
    """
    connection = context.connection
    assert connection is not None
    if not context._in_external_transaction:
        context._transaction_per_migration = True
        if context._transaction is not None:
            context._transaction.commit()
            context._transaction = None
        yield True
        return
    if not ends_outer:
        yield False
        return
    if isinstance(connection.get_transaction(), TwoPhaseTransaction):
        raise CommandError(
            "env.py began a two-phase transaction before configure(), which keeps the locks of all revisions to its "
            "end, and this runner cannot: leave out -x twophase, or USE_TWOPHASE"
        )
    connection.connection.commit()
    own = same_session(connection)
    context.connection = context.impl.connection = own
    context._in_external_transaction, context._transaction_per_migration = False, True
    try:
        yield True
    finally:
        if not own.invalidated and own.in_transaction():
            own.rollback()
        context.connection = context.impl.connection = connection
        context._in_external_transaction = True


def settle(context: MigrationContext) -> None:
    """End the transaction that reading opened, so that none is open while we wait."""
    connection = context.connection
    if connection is not None and not context._in_external_transaction and connection.in_transaction():
        connection.commit()


@contextmanager
def revision_transaction(context: MigrationContext, *, is_own: bool) -> Iterator[None]:
    """Run a revision in a transaction, or in a savepoint of env.py's."""
    connection = context.connection
    assert connection is not None
    if is_own:
        with context.begin_transaction(_per_migration=True):
            try:
                yield
            except BaseException:
                renew(context)  # so that this is what is rolled back
                raise
    else:
        with connection.begin_nested():
            yield


def renew(context: MigrationContext) -> bool:
    """Go on in another transaction where the revision itself ended Alembic's; tell whether it did.

    Alembic would not notice, and write the version in one that nobody commits.
    """
    connection, transaction = context.connection, context._transaction
    if connection is None or transaction is None or transaction.is_active:
        return False
    context._transaction = connection.get_transaction() or connection.begin()
    return True


def move_heads(context: MigrationContext, heads: Sequence[str], step: Any, options: dict[str, Any]) -> set[str]:
    """Write the version after a step, tell env.py's callbacks, and return the heads.

    `HeadMaintainer`: how the version table changes with merges and branches is known there only.
    """
    maintainer = HeadMaintainer(context, heads)
    maintainer.update_to_step(step)
    for callback in context.on_version_apply_callbacks:
        callback(ctx=context, step=step.info, heads=set(maintainer.heads), run_args=options)
    return set(maintainer.heads)


def as_offline(context: MigrationContext, output: Any) -> MigrationContext:
    """Return a context that prints what it would run."""
    opts = {**context.opts, "as_sql": True, "output_buffer": output, "fn": None}
    return MigrationContext(context.dialect, None, opts, context.environment_context)


def context_of(environment: Any) -> MigrationContext:
    """Return the migration context of `alembic.context`, of an EnvironmentContext, or itself."""
    if isinstance(environment, MigrationContext):
        return environment
    found: MigrationContext = environment.get_context()
    return found


def applied(context: MigrationContext, heads: Sequence[str]) -> set[str] | None:
    """Return the revisions that the database has; None where the directory does not tell."""
    if context.script is None:
        return None
    try:
        return {script.revision for script in context.script.iterate_revisions(tuple(heads), "base")}
    except CommandError:
        return None


@contextmanager
def reading(context: MigrationContext, *, is_own: bool) -> Iterator[Connection]:
    """Execute something beside the revisions, and commit it; inside of env.py's transaction it is a savepoint."""
    connection = context.connection
    assert connection is not None
    settle(context)
    with connection.begin() if is_own else connection.begin_nested():
        yield connection


@contextmanager
def noting_operations(
    context: MigrationContext, as_operation: Callable[[], AbstractContextManager[None]]
) -> Iterator[None]:
    """Wrap what operations execute inside the block.

    `_exec`: all of them go through it, and what a revision executes on `get_bind()` does not.
    """
    impl = context.impl
    original = impl._exec

    def execute(*arguments: Any, **named: Any) -> Any:
        with as_operation():
            return original(*arguments, **named)

    impl._exec = execute  # type: ignore[method-assign]
    try:
        yield
    finally:
        impl._exec = original  # type: ignore[method-assign]


def give_rowcount(context: Any, rows: int) -> None:
    """Let a statement that was not sent have changed so many rows.

    `_rowcount`: SQLAlchemy keeps there what it would else ask the cursor for.
    """
    context._rowcount = rows


def collect_statements(context: MigrationContext, statements: list[str]) -> None:
    """Let an offline context add to a list what it would print, a statement at a time.

    `static_output`: what is printed has semicolons inside of statements, too.
    """

    def collect(text: str) -> None:
        statements.append(text.strip().removesuffix(";"))

    context.impl.static_output = collect  # type: ignore[method-assign]
