"""Native uuid keys, and the indexes that the reads and the cascades need.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
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
TABLES = ("users", *dict.fromkeys(table for table, _, _ in REFERENCES))
# Written without hyphens before.
PLAIN = {("jobs", "id"), ("generation_history", "job_id")}

INDEXES = (
    ("users", ["email"], None),
    ("notebooks", ["owner_id", "created_at DESC"], None),
    ("sources", ["notebook_id"], None),
    ("chunks", ["source_id", "position"], None),
    ("documents", ["content_hash"], None),
    ("documents", ["user_id", "created_at DESC"], None),
    ("conversations", ["notebook_id"], None),
    ("conversations", ["user_id", "notebook_id"], None),
    ("messages", ["conversation_id", "created_at"], None),
    ("jobs", ["created_at"], "status = 'pending'"),
    ("jobs", ["document_id"], None),
    ("quizzes", ["notebook_id"], None),
    ("study_guides", ["notebook_id"], None),
    ("refresh_tokens", ["user_id"], None),
    ("otps", ["user_id"], None),
    ("generation_history", ["user_id"], None),
    ("generation_history", ["job_id"], None),
)


def upgrade() -> None:
    convert(lambda table, column: ("uuid", f"{column}::uuid"))
    with op.get_context().autocommit_block():
        for table, columns, predicate in INDEXES:
            op.create_index(
                name_of(table, columns),
                table,
                [sa.text(column) if " " in column else column for column in columns],
                postgresql_where=predicate and sa.text(predicate),
                postgresql_concurrently=True,
            )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for table, columns, _ in INDEXES:
            op.drop_index(name_of(table, columns), table, postgresql_concurrently=True)

    def to_text(table: str, column: str) -> tuple[str, str]:
        is_plain = (table, column) in PLAIN
        return "varchar(255)", f"replace({column}::text, '-', '')" if is_plain else f"{column}::text"

    convert(to_text)


def convert(rule) -> None:  # type: ignore[no-untyped-def]
    """Change the type of every key, with the foreign keys away; `rule` gives type and expression."""
    for table, column, parent in REFERENCES:
        op.drop_constraint(f"fk_{table}_{column}_{parent}", table, type_="foreignkey")
    for table in TABLES:
        columns = ["id", *(column for owner, column, _ in REFERENCES if owner == table)]
        changes = ", ".join(
            "ALTER COLUMN {} TYPE {} USING {}".format(column, *rule(table, column)) for column in columns
        )
        op.execute(f"ALTER TABLE {table} {changes}")
    for table, column, parent in REFERENCES:
        op.create_foreign_key(f"fk_{table}_{column}_{parent}", table, parent, [column], ["id"])
    for table in TABLES:
        op.execute(f"ANALYZE {table}")


def name_of(table: str, columns: list[str]) -> str:
    return f"ix_{table}_" + "_".join(column.removesuffix(" DESC") for column in columns)
