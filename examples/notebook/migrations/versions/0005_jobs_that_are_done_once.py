"""Jobs that are done once.

With what a worker writes about the jobs that it holds, and the two indexes that it reads: what autogenerate finds in
the models. And by hand, the order of the jobs that wait, and those that older workers were at: new ones take them over.

Locks: each column may be null or has a constant default, so adding it changes the catalog only. The indexes are built
concurrently. An interrupted run, up or down, is simply run again.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from alembic import op

from pgwright_runtime.migrations import create_index, patient_session, run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = {
    "payload": "jsonb NOT NULL DEFAULT '{}'",
    "run_at": "timestamptz NOT NULL DEFAULT now()",
    "attempts": "integer NOT NULL DEFAULT 0",
    "max_attempts": "integer NOT NULL DEFAULT 5",
    "claimed_by": "text",
    "leased_until": "timestamptz",
    "last_error": "text",
}
INDEXES = {
    "ix_jobs_pending": "ON jobs (run_at, id) WHERE status = 'pending'",
    "ix_jobs_leases": "ON jobs (leased_until) WHERE status = 'processing'",
}


def upgrade() -> None:
    with patient_session(), op.get_context().autocommit_block():
        added = ", ".join(f"ADD COLUMN IF NOT EXISTS {name} {kind}" for name, kind in COLUMNS.items())
        run(f"ALTER TABLE jobs {added}")
        for name, definition in INDEXES.items():
            create_index(name, f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} {definition}")
        run("UPDATE jobs SET run_at = created_at WHERE status = 'pending'")
        run("UPDATE jobs SET leased_until = now() WHERE status = 'processing' AND leased_until IS NULL")


def downgrade() -> None:
    with patient_session(), op.get_context().autocommit_block():
        for name in INDEXES:
            run(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        dropped = ", ".join(f"DROP COLUMN IF EXISTS {name}" for name in COLUMNS)
        run(f"ALTER TABLE jobs {dropped}")
