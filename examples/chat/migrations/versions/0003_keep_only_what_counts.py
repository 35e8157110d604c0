"""An end for what has expired, a nearest-neighbour index, a log of questions, and news for the caches.

Written by hand: how long to keep what, and which index serves a vector, is the team's word.

Locks: the indexes are built while the app reads and writes. Exchanging a foreign key locks its two tables for a moment
(NOT VALID), each key in a transaction of its own, then checks the rows beside the app (VALIDATE). A trigger waits for
the writers of its table. An interrupted run, up or down, is simply run again.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import pgwright_runtime.caching.alembic  # noqa: F401  (registers op.create_cache_trigger)
from pgwright_runtime.migrations import create_index, patient_session, run, run_long

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Table, column and the table that the column refers to.
REFERENCES = (
    ("conversations", "user_session_id", "user_sessions"),
    ("messages", "conversation_id", "conversations"),
    ("citations", "message_id", "messages"),
    ("passages", "document_id", "documents"),
)
EXPIRING = ("user_sessions", "conversations", "messages")
# What answers are made from; `chat.ingest` writes it, in a process of its own.
CACHED = ("documents", "passages")

INDEXES = {
    **{f"ix_{table}_expires_at": f"INDEX CONCURRENTLY {{}} ON public.{table} (expires_at)" for table in EXPIRING},
    "ix_passages_embedding": "INDEX CONCURRENTLY {} ON public.passages USING hnsw (embedding vector_cosine_ops)",
    "uq_documents_url": "UNIQUE INDEX CONCURRENTLY {} ON public.documents (url)",
}


def upgrade() -> None:
    with patient_session(), op.get_context().autocommit_block():
        for name, definition in INDEXES.items():
            create_index(f"public.{name}", "CREATE " + definition.format(f"IF NOT EXISTS {name}"))
        exchange_foreign_keys("ON DELETE CASCADE")
    # Rather fail and be run again than make the app wait behind us.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE documents ADD CONSTRAINT uq_documents_url UNIQUE USING INDEX uq_documents_url")
    op.create_table(
        "query_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("passage_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("distances", postgresql.ARRAY(sa.Float()), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_query_log"),
    )
    op.create_index("ix_query_log_asked_at", "query_log", ["asked_at"])
    for table in CACHED:
        op.create_cache_trigger(table)  # type: ignore[attr-defined]


def downgrade() -> None:
    """Keep what has expired again; the log of questions goes."""
    with patient_session(), op.get_context().autocommit_block():
        for name in INDEXES.keys() - {"uq_documents_url"}:
            run_long(f"DROP INDEX CONCURRENTLY IF EXISTS public.{name}")
        exchange_foreign_keys("")
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in CACHED:
        op.drop_cache_trigger(table)  # type: ignore[attr-defined]
    op.execute("DROP FUNCTION pgwright_cache_tell()")
    op.drop_table("query_log")
    op.drop_constraint("uq_documents_url", "documents")


def exchange_foreign_keys(on_delete: str) -> None:
    """Exchange each key in one statement, so that there is one at any time, and check the rows after it."""
    for table, column, parent in REFERENCES:
        name = f"fk_{table}_{column}_{parent}"
        added = f"ADD CONSTRAINT {name} FOREIGN KEY ({column}) REFERENCES public.{parent} (id) {on_delete} NOT VALID"
        run(f"ALTER TABLE public.{table} DROP CONSTRAINT IF EXISTS {name}, {added}")
        run_long(f"ALTER TABLE public.{table} VALIDATE CONSTRAINT {name}")
