"""Refuse references to deleted rows.

A message of a conversation that is being deleted, a source of a notebook in the bin: the database refuses them, from
whatever program they come. Autogenerate wrote it from the models, a line for each table; here it is a loop.

Locks: each table is locked for a moment, and none of its rows are read.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from alembic import op

import pgwright_runtime.soft_delete.alembic  # noqa: F401  (registers op.create_living_references)

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Of each table, its foreign keys with the tables that they refer to; parents first.
REFERENCES: dict[str, dict[str, str]] = {
    "users": {},
    "documents": {"user_id": "users"},
    "notebooks": {"owner_id": "users"},
    "otps": {"user_id": "users"},
    "refresh_tokens": {"user_id": "users"},
    "conversations": {"notebook_id": "notebooks", "user_id": "users"},
    "jobs": {"document_id": "documents"},
    "quizzes": {"notebook_id": "notebooks"},
    "sources": {"notebook_id": "notebooks"},
    "study_guides": {"notebook_id": "notebooks"},
    "chunks": {"source_id": "sources"},
    "generation_history": {"job_id": "jobs", "user_id": "users"},
    "messages": {"conversation_id": "conversations"},
}


def upgrade() -> None:
    for table, parents in REFERENCES.items():
        op.create_living_references(table, **declared(table, parents))  # type: ignore[attr-defined]


def downgrade() -> None:
    for table, parents in reversed(REFERENCES.items()):
        op.drop_living_references(table, **declared(table, parents))  # type: ignore[attr-defined]


def declared(table: str, parents: dict[str, str]) -> dict[str, object]:
    references = [{"columns": [column], "parent": parent, "keys": ["id"]} for column, parent in parents.items()]
    is_parent = any(table in others.values() for others in REFERENCES.values())
    return {"references": references, **({"key": ["id"]} if is_parent else {})}
