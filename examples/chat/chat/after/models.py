"""The seven models after: an index for each lookup, cascades in the database, nothing that is loaded when touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from pgvector.sqlalchemy import Vector
from sqlalchemy import BigInteger, DateTime, Float, ForeignKey, Identity, Index, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from chat.embeddings import DIMENSIONS
from chat.naming import NAMING

KEPT = timedelta(days=30)
Key = Annotated[int, mapped_column(Identity(), primary_key=True)]
RandomKey = Annotated[UUID, mapped_column(default=uuid4, primary_key=True)]
Created = Annotated[datetime, mapped_column(default=lambda: datetime.now(UTC))]
Expires = Annotated[datetime, mapped_column(default=lambda: datetime.now(UTC) + KEPT, index=True)]


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {int: BigInteger, str: Text, datetime: DateTime(timezone=True), UUID: Uuid()}


def parent(column: str, **options: Any) -> Any:
    """Return a foreign key that goes when its parent goes."""
    return mapped_column(ForeignKey(column, ondelete="CASCADE"), **options)


class UserSession(Base):
    __tablename__ = "user_sessions"
    __table_args__ = (Index("ix_user_sessions_session_id_hash", "session_id", postgresql_using="hash"),)
    id: Mapped[RandomKey]
    session_id: Mapped[str]
    """The digest of the token that the visitor has."""
    user_id: Mapped[int | None]
    created_at: Mapped[Created]
    expires_at: Mapped[Expires]


class Conversation(Base):
    __tablename__ = "conversations"
    __table_args__ = (Index("ix_conversations_user_session_id_created_at", "user_session_id", "created_at"),)
    id: Mapped[RandomKey]
    user_session_id: Mapped[UUID] = parent("user_sessions.id")
    created_at: Mapped[Created]
    expires_at: Mapped[Expires]
    messages: Mapped[list[Message]] = relationship(lazy="raise", order_by="Message.sent_at", passive_deletes=True)


class Message(Base):
    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_conversation_id_sent_at", "conversation_id", "sent_at"),)
    id: Mapped[RandomKey]
    conversation_id: Mapped[UUID] = parent("conversations.id")
    role: Mapped[str]
    content: Mapped[str]
    sent_at: Mapped[Created]
    expires_at: Mapped[Expires]
    citations: Mapped[list[Citation]] = relationship(lazy="raise", order_by="Citation.position", passive_deletes=True)


class Citation(Base):
    __tablename__ = "citations"
    id: Mapped[Key]
    message_id: Mapped[UUID] = parent("messages.id", index=True)
    position: Mapped[int]
    title: Mapped[str]
    url: Mapped[str]
    passage: Mapped[str]


class Document(Base):
    __tablename__ = "documents"
    id: Mapped[Key]
    url: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    digest: Mapped[str]
    """Of its text and the model of the embeddings: what is the same is not read again."""


class Passage(Base):
    __tablename__ = "passages"
    __table_args__ = (
        Index(
            "ix_passages_embedding",
            "embedding",
            postgresql_using="hnsw",
            postgresql_ops={"embedding": "vector_cosine_ops"},
        ),
    )
    id: Mapped[Key]
    document_id: Mapped[int] = parent("documents.id", index=True)
    position: Mapped[int]
    heading: Mapped[str]
    content: Mapped[str]
    embedding: Mapped[list[float]] = mapped_column(Vector(DIMENSIONS))


class QueryLog(Base):
    """What was asked and found, to tune the search by; it names nobody."""

    __tablename__ = "query_log"
    id: Mapped[Key]
    asked_at: Mapped[datetime] = mapped_column(default=lambda: datetime.now(UTC), index=True)
    question: Mapped[str]
    model: Mapped[str]
    seconds: Mapped[float] = mapped_column(Float)
    """How long the answer took, from the cache or not."""
    passage_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    """Those that were cited, the nearest first; empty: nothing was found."""
    distances: Mapped[list[float]] = mapped_column(ARRAY(Float))
    """Theirs from the question, by cosine."""
