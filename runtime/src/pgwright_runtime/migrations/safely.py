"""`run_migrations_safely()`, which an app's env.py calls in place of `context.run_migrations()`."""

from __future__ import annotations

from typing import Any

import alembic.context

import pgwright_runtime.migrations.comparison  # noqa: F401 - registers what keeps the journal
from pgwright_runtime.migrations.inside import context_of
from pgwright_runtime.migrations.pace import MigrationPace
from pgwright_runtime.migrations.results import MigrationRun, Tell
from pgwright_runtime.migrations.runner import MigrationRunner


def run_migrations_safely(
    context: Any = None,
    *,
    settings: MigrationPace | None = None,
    tell: Tell | None = None,
    ends_outer: bool = False,
    **options: Any,
) -> MigrationRun:
    """Run the revisions of the command under way so that the app beside them goes on.

    Call it in env.py in place of `context.run_migrations()`, in sync code or in what `connection.run_sync()` calls; it
    does the same for every command, offline mode, and databases other than PostgreSQL. Of `upgrade` and `downgrade`
    each revision is a transaction of its own, whatever `transaction_per_migration` says; it is tried again while locks
    are held, and given up with what holds them.

    Args:
        context: `alembic.context`, an EnvironmentContext or a MigrationContext; None: `alembic.context`.
        settings: how patient it is.
        tell: told how far it is; also from the thread that watches.
        ends_outer: env.py began a transaction before `configure()`; commit it, so that each revision is its own. It
            stays without, as a test needs that rolls all back; then all locks are held to its end, and autocommit
            blocks are refused.
        **options: given to each `upgrade()`, as by `context.run_migrations()`.
    Raises: MigrationStopped; CommandError of Alembic; whatever a revision raises. What is committed by then stays, and
        the next run goes on.
    """
    found = context_of(alembic.context if context is None else context)
    # `pgwright migrate` runs this env.py, and brings settings and a runner of its own.
    given = getattr(found.environment_context, RUNS, None)
    if given is not None:
        run: MigrationRun = given(found, **options)
        return run
    return MigrationRunner(found, settings, tell=tell, ends_outer=ends_outer).run(**options)


RUNS = "run_in_place_of_alembic"
"""A method of the environment that runs what `run_migrations_safely()` would."""
