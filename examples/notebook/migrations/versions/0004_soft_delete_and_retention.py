"""Soft delete, cascades and retention.

With the indexes for them, and uuid for ids without hyphens. Written by hand: what to keep and for how long is the
team's word, no tool can decide it.

Locks: adding a column that may be null changes the catalog only. Exchanging a foreign key locks its two tables for a
moment (NOT VALID), then checks the rows while the app reads and writes (VALIDATE). jobs and generation_history are
rewritten, and nobody reads them meanwhile. The indexes are built concurrently. An interrupted run, up or down, is
simply run again.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Table, column and the table that the column refers to.
REFERENCES = (
    ("notebooks", "owner_id", "users"),
    ("sources", "notebook_id", "notebooks"),
    ("chunks", "source_id", "sources"),
    ("documents", "user_id", "users"),
    ("conversations", "notebook_id", "notebooks"),
    ("conversations", "user_id", "users"),
    ("messages", "conversation_id", "conversations"),
    ("jobs", "document_id", "documents"),
    ("quizzes", "notebook_id", "notebooks"),
    ("study_guides", "notebook_id", "notebooks"),
    ("refresh_tokens", "user_id", "users"),
    ("otps", "user_id", "users"),
    ("generation_history", "user_id", "users"),
    ("generation_history", "job_id", "jobs"),
)

# Ids of 32 digits: `fix` leaves them alone, for an MD5 looks the same. Where they are uuid, nothing is rewritten.
WITHOUT_HYPHENS = (("jobs", "id"), ("generation_history", "job_id"))
TO_UUID = "uuid USING {}::uuid"
TO_DIGITS = "varchar(255) USING replace({}::text, '-', '')"

# What the app reads of the living rows, table by table.
LIVE: dict[str, list[str | sa.TextClause]] = {
    "users": ["email"],
    "notebooks": ["owner_id", sa.text("created_at DESC")],
    "sources": ["notebook_id", "created_at"],
    "chunks": ["source_id", "position"],
    "documents": ["user_id", sa.text("created_at DESC")],
    "conversations": ["notebook_id", sa.text("created_at DESC")],
    "messages": ["conversation_id", "created_at"],
    "jobs": ["document_id", sa.text("created_at DESC")],
    "quizzes": ["notebook_id"],
    "study_guides": ["notebook_id"],
    "refresh_tokens": ["token_hash"],
    "otps": ["user_id", sa.text("created_at DESC")],
    "generation_history": ["user_id", sa.text("created_at DESC")],
}
EXPIRING = ("refresh_tokens", "otps")


def upgrade() -> None:
    # Rather fail and be run again than make the app wait behind us.
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in LIVE:
        op.execute(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS deleted_at timestamptz")
    exchange_foreign_keys("CASCADE", TO_UUID)
    with op.get_context().autocommit_block():
        for table, column, parent in REFERENCES:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT fk_{table}_{column}_{parent}")
        for table, columns in LIVE.items():
            build(f"ix_{table}_live", table, columns, "deleted_at IS NULL", unique=table == "users")
            build(f"ix_{table}_purge", table, ["deleted_at", "id"], "deleted_at IS NOT NULL")
        for table in EXPIRING:
            build(f"ix_{table}_expires_at", table, ["expires_at"])


def downgrade() -> None:
    """Drop the soft deletion; rows that wait for the purge come back to life."""
    with op.get_context().autocommit_block():
        for table in EXPIRING:
            drop(f"ix_{table}_expires_at", table)
        for table in LIVE:
            drop(f"ix_{table}_purge", table)
            drop(f"ix_{table}_live", table)
    op.execute("SET LOCAL lock_timeout = '5s'")
    exchange_foreign_keys(None, TO_DIGITS)
    for table in LIVE:
        op.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS deleted_at")
    with op.get_context().autocommit_block():
        for table, column, parent in REFERENCES:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT fk_{table}_{column}_{parent}")


def exchange_foreign_keys(on_delete: str | None, conversion: str) -> None:
    for table, column, parent in REFERENCES:
        op.drop_constraint(f"fk_{table}_{column}_{parent}", table, type_="foreignkey")
    for table, column in WITHOUT_HYPHENS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {conversion.format(column)}")
    for table, column, parent in REFERENCES:
        name = f"fk_{table}_{column}_{parent}"
        op.create_foreign_key(name, table, parent, [column], ["id"], ondelete=on_delete, postgresql_not_valid=True)


def build(
    name: str, table: str, columns: list[str | sa.TextClause], where: str | None = None, *, unique: bool = False
) -> None:
    # What an interrupted run left behind is invalid and of no use.
    drop(name, table)
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        postgresql_where=where and sa.text(where),
        postgresql_concurrently=True,
    )


def drop(name: str, table: str) -> None:
    op.drop_index(name, table, if_exists=True, postgresql_concurrently=True)
