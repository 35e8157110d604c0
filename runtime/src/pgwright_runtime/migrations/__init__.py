"""What an Alembic revision on a busy database needs: patience for locks, index builds that can be run again, a runner.

    from alembic import op
    from pgwright_runtime.migrations import create_index, patient_session

    def upgrade() -> None:
        with patient_session(), op.get_context().autocommit_block():
            create_index(
                "public.ix_note_owner_id",
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_note_owner_id ON public.note (owner_id)",
            )

And what runs revisions beside an app: `run_migrations_safely()`, for env.py in place of `context.run_migrations()`.

The revisions of `pgwright fix` import it where the app has the runtime; elsewhere they carry these functions.
"""

from __future__ import annotations

try:
    from pgwright_runtime._steps import (
        LOCK_WAIT,
        LONG_WAIT,
        TRIES,
        create_index,
        patient_session,
        run,
        run_long,
    )
    from pgwright_runtime.migrations.errors import (
        MigrationStopped,
        NotResumable,
        RunnerBusy,
        StillQueued,
        TableHeld,
        Unhealthy,
    )
    from pgwright_runtime.migrations.pace import MigrationPace
    from pgwright_runtime.migrations.planning import PlannedRevision, RevisionStatement, plan_migrations
    from pgwright_runtime.migrations.results import MigrationProgress, MigrationRun, RanRevision
    from pgwright_runtime.migrations.runner import MigrationRunner
    from pgwright_runtime.migrations.safely import run_migrations_safely
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "alembic":
        raise
    raise ImportError("revisions need Alembic. Run: pip install 'pgwright-runtime[alembic]'") from error

__all__ = [
    "LOCK_WAIT",
    "LONG_WAIT",
    "TRIES",
    "MigrationPace",
    "MigrationProgress",
    "MigrationRun",
    "MigrationRunner",
    "MigrationStopped",
    "NotResumable",
    "PlannedRevision",
    "RanRevision",
    "RevisionStatement",
    "RunnerBusy",
    "StillQueued",
    "TableHeld",
    "Unhealthy",
    "create_index",
    "patient_session",
    "plan_migrations",
    "run",
    "run_long",
    "run_migrations_safely",
]
