"""The 13 models after: native `uuid` keys, cascades in the database, soft delete, an index for each read.

Relationships are few and raise when touched unloaded: what a page needs is loaded by its query.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from sqlalchemy import DateTime, ForeignKey, Index, MetaData, String, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, query_expression, relationship

from notebook.naming import NAMING
from pgwright_runtime.jobs import JobMixin, JobStates
from pgwright_runtime.soft_delete import SoftDelete

LongText = Annotated[str, mapped_column(Text)]
Created = Annotated[datetime, mapped_column(default=lambda: datetime.now(UTC), server_default=func.now())]

IS_LIVE = text("deleted_at IS NULL")
NEWEST_FIRST = text("created_at DESC")


class Base(SoftDelete, DeclarativeBase):
    """What all 13 have: a key, a time of creation, and a time of deletion for 90 days before the row goes."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {str: String(255), datetime: DateTime(timezone=True), UUID: Uuid()}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_at: Mapped[Created]


def parent(column: str) -> Any:
    """Return a foreign key that goes when its parent goes."""
    return mapped_column(ForeignKey(column, ondelete="CASCADE"))


class User(Base):
    __tablename__ = "users"
    __table_args__ = (
        Index("ix_users_email", "email"),
        # Unique among the living: who was erased may come back.
        Index("ix_users_live", "email", unique=True, postgresql_where=IS_LIVE),
    )
    email: Mapped[str]
    full_name: Mapped[str]
    password_hash: Mapped[str]
    is_active: Mapped[bool]


class Notebook(Base):
    __tablename__ = "notebooks"
    __table_args__ = (
        Index("ix_notebooks_owner_id_created_at", "owner_id", "created_at"),
        Index("ix_notebooks_live", "owner_id", NEWEST_FIRST, postgresql_where=IS_LIVE),
    )
    owner_id: Mapped[UUID] = parent("users.id")
    title: Mapped[str]
    description: Mapped[LongText]
    sources: Mapped[list[Source]] = relationship(lazy="raise", passive_deletes=True, order_by="Source.created_at")


class Source(Base):
    __tablename__ = "sources"
    __table_args__ = (
        Index("ix_sources_notebook_id", "notebook_id"),
        Index("ix_sources_live", "notebook_id", "created_at", postgresql_where=IS_LIVE),
    )
    notebook_id: Mapped[UUID] = parent("notebooks.id")
    title: Mapped[str]
    kind: Mapped[str]
    url: Mapped[LongText]
    chunk_count: Mapped[int] = query_expression()


class Chunk(Base):
    __tablename__ = "chunks"
    __table_args__ = (
        Index("ix_chunks_source_id_position", "source_id", "position"),
        Index("ix_chunks_live", "source_id", "position", postgresql_where=IS_LIVE),
    )
    source_id: Mapped[UUID] = parent("sources.id")
    position: Mapped[int]
    content: Mapped[LongText]
    token_count: Mapped[int]


class Document(Base):
    __tablename__ = "documents"
    __table_args__ = (
        Index("ix_documents_content_hash", "content_hash"),
        Index("ix_documents_user_id_created_at", "user_id", "created_at"),
        Index("ix_documents_live", "user_id", NEWEST_FIRST, postgresql_where=IS_LIVE),
    )
    user_id: Mapped[UUID] = parent("users.id")
    filename: Mapped[str]
    content_hash: Mapped[str]
    mime_type: Mapped[str]
    size_bytes: Mapped[int]


class Conversation(Base):
    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_notebook_id_user_id", "notebook_id", "user_id"),
        Index("ix_conversations_user_id", "user_id"),
        Index("ix_conversations_live", "notebook_id", NEWEST_FIRST, postgresql_where=IS_LIVE),
    )
    notebook_id: Mapped[UUID] = parent("notebooks.id")
    user_id: Mapped[UUID] = parent("users.id")
    title: Mapped[str]
    updated_at: Mapped[Created]


class Message(Base):
    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_conversation_id_created_at", "conversation_id", "created_at"),
        Index("ix_messages_live", "conversation_id", "created_at", postgresql_where=IS_LIVE),
    )
    conversation_id: Mapped[UUID] = parent("conversations.id")
    role: Mapped[str]
    content: Mapped[LongText]
    token_count: Mapped[int]


class Job(JobMixin, Base):
    """Work on a document in the background, done by `python -m notebook.worker`."""

    __tablename__ = "jobs"
    job_states = JobStates(running="processing", done="completed", dead="failed")
    __table_args__ = (
        Index("ix_jobs_document_id", "document_id"),
        Index("ix_jobs_created_at_status_pending", "created_at", postgresql_where=text("status = 'pending'")),
        Index("ix_jobs_live", "document_id", NEWEST_FIRST, postgresql_where=IS_LIVE),
    )
    document_id: Mapped[UUID] = parent("documents.id")
    progress: Mapped[int] = mapped_column(default=0)
    log: Mapped[LongText] = mapped_column(default="")


class Quiz(Base):
    __tablename__ = "quizzes"
    __table_args__ = (
        Index("ix_quizzes_notebook_id", "notebook_id"),
        Index("ix_quizzes_live", "notebook_id", postgresql_where=IS_LIVE),
    )
    notebook_id: Mapped[UUID] = parent("notebooks.id")
    title: Mapped[str]
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class StudyGuide(Base):
    __tablename__ = "study_guides"
    __table_args__ = (
        Index("ix_study_guides_notebook_id", "notebook_id"),
        Index("ix_study_guides_live", "notebook_id", postgresql_where=IS_LIVE),
    )
    notebook_id: Mapped[UUID] = parent("notebooks.id")
    title: Mapped[str]
    content: Mapped[LongText]


class RefreshToken(Base):
    __tablename__ = "refresh_tokens"
    __table_args__ = (
        Index("ix_refresh_tokens_user_id", "user_id"),
        Index("ix_refresh_tokens_token_hash", "token_hash"),
        Index("ix_refresh_tokens_expires_at", "expires_at"),
        Index("ix_refresh_tokens_live", "token_hash", postgresql_where=IS_LIVE),
    )
    user_id: Mapped[UUID] = parent("users.id")
    token_hash: Mapped[str]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Otp(Base):
    __tablename__ = "otps"
    __table_args__ = (
        Index("ix_otps_user_id_purpose_created_at", "user_id", "purpose", "created_at"),
        Index("ix_otps_expires_at", "expires_at"),
        Index("ix_otps_live", "user_id", NEWEST_FIRST, postgresql_where=IS_LIVE),
    )
    user_id: Mapped[UUID] = parent("users.id")
    purpose: Mapped[str]
    code_hash: Mapped[str]
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]


class GenerationHistory(Base):
    __tablename__ = "generation_history"
    __table_args__ = (
        Index("ix_generation_history_user_id_created_at", "user_id", "created_at"),
        Index("ix_generation_history_job_id", "job_id"),
        Index("ix_generation_history_live", "user_id", NEWEST_FIRST, postgresql_where=IS_LIVE),
    )
    user_id: Mapped[UUID] = parent("users.id")
    job_id: Mapped[UUID] = parent("jobs.id")
    kind: Mapped[str]
    model: Mapped[str]
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]


# The purge walks the few deleted rows in this order, and nothing else.
for _table in Base.metadata.sorted_tables:
    Index(
        f"ix_{_table.name}_purge",
        _table.c.deleted_at,
        _table.c.id,
        postgresql_where=text("deleted_at IS NOT NULL"),
    )
