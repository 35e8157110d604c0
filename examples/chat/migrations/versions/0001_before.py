"""The schema as the team first wrote it: primary keys and foreign keys, and no other index.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Parents first.
TABLES = ("user_sessions", "conversations", "messages", "citations", "documents", "passages")
DIMENSIONS = 256


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    create(
        "user_sessions",
        random_key(),
        text("session_id"),
        sa.Column("user_id", sa.BigInteger()),
        time("created_at"),
        time("expires_at"),
    )
    create(
        "conversations",
        random_key(),
        *reference("user_session_id", "user_sessions", sa.Uuid()),
        time("created_at"),
        time("expires_at"),
    )
    create(
        "messages",
        random_key(),
        *reference("conversation_id", "conversations", sa.Uuid()),
        text("role"),
        text("content"),
        time("sent_at"),
        time("expires_at"),
    )
    create(
        "citations",
        counted_key(),
        *reference("message_id", "messages", sa.Uuid()),
        number("position"),
        text("title"),
        text("url"),
        text("passage"),
    )
    create("documents", counted_key(), text("url"), text("title"), text("digest"))
    create(
        "passages",
        counted_key(),
        *reference("document_id", "documents", sa.BigInteger()),
        number("position"),
        text("heading"),
        text("content"),
        sa.Column("embedding", Vector(DIMENSIONS), nullable=False),
    )


def downgrade() -> None:
    # The extension stays: who had it before us may still need it.
    for table in reversed(TABLES):
        op.drop_table(table)


def create(table: str, *items: sa.Column[Any] | sa.ForeignKeyConstraint) -> None:
    op.create_table(table, *items, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")))


def random_key() -> sa.Column[Any]:
    return sa.Column("id", sa.Uuid(), nullable=False)


def counted_key() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False)


def text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def time(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def reference(name: str, parent: str, kind: sa.types.TypeEngine[Any]) -> tuple[sa.Column[Any], sa.ForeignKeyConstraint]:
    """Return a column and its foreign key, which the naming convention of the models names."""
    return sa.Column(name, kind, nullable=False), sa.ForeignKeyConstraint([name], [f"{parent}.id"])
