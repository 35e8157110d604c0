"""The schema as the team first wrote it: text ids, no index but the primary keys, no cascade.

Revision ID: 0001
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Parents first.
TABLES = (
    "users", "notebooks", "sources", "chunks", "documents", "conversations", "messages", "jobs", "quizzes",
    "study_guides", "refresh_tokens", "otps", "generation_history",
)  # fmt: skip


def upgrade() -> None:
    create("users", string("email"), string("full_name"), string("password_hash"), column("is_active", sa.Boolean()))
    create("notebooks", *reference("owner_id", "users"), string("title"), text("description"))
    create("sources", *reference("notebook_id", "notebooks"), string("title"), string("kind"), text("url"))
    create("chunks", *reference("source_id", "sources"), integer("position"), text("content"), integer("token_count"))
    create(
        "documents",
        *reference("user_id", "users"),
        string("filename"),
        string("content_hash"),
        string("mime_type"),
        integer("size_bytes"),
    )
    create(
        "conversations",
        *reference("notebook_id", "notebooks"),
        *reference("user_id", "users"),
        string("title"),
        time("updated_at", server_default=sa.func.now()),
    )
    create(
        "messages",
        *reference("conversation_id", "conversations"),
        string("role"),
        text("content"),
        integer("token_count"),
    )
    create(
        "jobs",
        *reference("document_id", "documents"),
        string("kind"),
        string("status"),
        integer("progress"),
        text("log"),
        time("finished_at", nullable=True),
    )
    create("quizzes", *reference("notebook_id", "notebooks"), string("title"), column("questions", postgresql.JSONB()))
    create("study_guides", *reference("notebook_id", "notebooks"), string("title"), text("content"))
    create(
        "refresh_tokens",
        *reference("user_id", "users"),
        string("token_hash"),
        time("expires_at"),
        time("revoked_at", nullable=True),
    )
    create(
        "otps",
        *reference("user_id", "users"),
        string("purpose"),
        string("code_hash"),
        time("expires_at"),
        time("consumed_at", nullable=True),
    )
    create(
        "generation_history",
        *reference("user_id", "users"),
        *reference("job_id", "jobs"),
        string("kind"),
        string("model"),
        integer("prompt_tokens"),
        integer("completion_tokens"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def create(table: str, *items: sa.Column[Any] | sa.ForeignKeyConstraint) -> None:
    """Create a table: its text id, its own columns, the time of creation."""
    op.create_table(
        table,
        string("id"),
        *items,
        time("created_at", server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def column(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def string(name: str) -> sa.Column[Any]:
    return column(name, sa.String(255))


def text(name: str) -> sa.Column[Any]:
    return column(name, sa.Text())


def integer(name: str) -> sa.Column[Any]:
    return column(name, sa.Integer())


def time(name: str, *, nullable: bool = False, server_default: Any = None) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=server_default)


def reference(name: str, parent: str) -> tuple[sa.Column[Any], sa.ForeignKeyConstraint]:
    """Return a text column and its foreign key, which the naming convention of the models names."""
    return string(name), sa.ForeignKeyConstraint([name], [f"{parent}.id"])
