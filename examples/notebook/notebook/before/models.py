"""The 13 models before: ids are text, no index but the primary keys, no cascade, every relationship lazy."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

from sqlalchemy import DateTime, ForeignKey, MetaData, String, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from notebook.naming import NAMING

Key = Annotated[str, mapped_column(primary_key=True, default=lambda: str(uuid4()))]
HexKey = Annotated[str, mapped_column(primary_key=True, default=lambda: uuid4().hex)]
LongText = Annotated[str, mapped_column(Text)]
Created = Annotated[datetime, mapped_column(default=lambda: datetime.now(UTC), server_default=func.now())]


class Base(AsyncAttrs, DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {str: String(255), datetime: DateTime(timezone=True)}


class User(Base):
    __tablename__ = "users"
    id: Mapped[Key]
    email: Mapped[str]
    full_name: Mapped[str]
    password_hash: Mapped[str]
    is_active: Mapped[bool]
    created_at: Mapped[Created]
    notebooks: Mapped[list[Notebook]] = relationship(back_populates="owner")


class Notebook(Base):
    __tablename__ = "notebooks"
    id: Mapped[Key]
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    description: Mapped[LongText]
    created_at: Mapped[Created]
    owner: Mapped[User] = relationship(back_populates="notebooks")
    sources: Mapped[list[Source]] = relationship(back_populates="notebook")
    conversations: Mapped[list[Conversation]] = relationship(back_populates="notebook")
    quizzes: Mapped[list[Quiz]] = relationship()
    study_guides: Mapped[list[StudyGuide]] = relationship()


class Source(Base):
    __tablename__ = "sources"
    id: Mapped[Key]
    notebook_id: Mapped[str] = mapped_column(ForeignKey("notebooks.id"))
    title: Mapped[str]
    kind: Mapped[str]
    url: Mapped[LongText]
    created_at: Mapped[Created]
    notebook: Mapped[Notebook] = relationship(back_populates="sources")
    chunks: Mapped[list[Chunk]] = relationship(back_populates="source", order_by="Chunk.position")


class Chunk(Base):
    __tablename__ = "chunks"
    id: Mapped[Key]
    source_id: Mapped[str] = mapped_column(ForeignKey("sources.id"))
    position: Mapped[int]
    content: Mapped[LongText]
    token_count: Mapped[int]
    created_at: Mapped[Created]
    source: Mapped[Source] = relationship(back_populates="chunks")


class Document(Base):
    __tablename__ = "documents"
    id: Mapped[Key]
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    filename: Mapped[str]
    content_hash: Mapped[str]
    mime_type: Mapped[str]
    size_bytes: Mapped[int]
    created_at: Mapped[Created]
    user: Mapped[User] = relationship()
    jobs: Mapped[list[Job]] = relationship(back_populates="document")


class Conversation(Base):
    __tablename__ = "conversations"
    id: Mapped[Key]
    notebook_id: Mapped[str] = mapped_column(ForeignKey("notebooks.id"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str]
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
    notebook: Mapped[Notebook] = relationship(back_populates="conversations")
    messages: Mapped[list[Message]] = relationship(back_populates="conversation", order_by="Message.created_at")


class Message(Base):
    __tablename__ = "messages"
    id: Mapped[Key]
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    role: Mapped[str]
    content: Mapped[LongText]
    token_count: Mapped[int]
    created_at: Mapped[Created]
    conversation: Mapped[Conversation] = relationship(back_populates="messages")


class Job(Base):
    __tablename__ = "jobs"
    id: Mapped[HexKey]
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"))
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    progress: Mapped[int] = mapped_column(default=0)
    log: Mapped[LongText] = mapped_column(default="")
    created_at: Mapped[Created]
    finished_at: Mapped[datetime | None]
    document: Mapped[Document] = relationship(back_populates="jobs")


class Quiz(Base):
    __tablename__ = "quizzes"
    id: Mapped[Key]
    notebook_id: Mapped[str] = mapped_column(ForeignKey("notebooks.id"))
    title: Mapped[str]
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[Created]


class StudyGuide(Base):
    __tablename__ = "study_guides"
    id: Mapped[Key]
    notebook_id: Mapped[str] = mapped_column(ForeignKey("notebooks.id"))
    title: Mapped[str]
    content: Mapped[LongText]
    created_at: Mapped[Created]


class RefreshToken(Base):
    __tablename__ = "refresh_tokens"
    id: Mapped[Key]
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    token_hash: Mapped[str]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    created_at: Mapped[Created]
    user: Mapped[User] = relationship()


class Otp(Base):
    __tablename__ = "otps"
    id: Mapped[Key]
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    purpose: Mapped[str]
    code_hash: Mapped[str]
    expires_at: Mapped[datetime]
    consumed_at: Mapped[datetime | None]
    created_at: Mapped[Created]


class GenerationHistory(Base):
    __tablename__ = "generation_history"
    id: Mapped[Key]
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"))
    kind: Mapped[str]
    model: Mapped[str]
    prompt_tokens: Mapped[int]
    completion_tokens: Mapped[int]
    created_at: Mapped[Created]
