"""The six models before: no index but the primary keys, every relationship lazy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID, uuid4

from pgvector.sqlalchemy import Vector
from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, MetaData, Text, Uuid
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from chat.embeddings import DIMENSIONS
from chat.naming import NAMING

KEPT = timedelta(days=30)
Key = Annotated[int, mapped_column(Identity(), primary_key=True)]
RandomKey = Annotated[UUID, mapped_column(default=uuid4, primary_key=True)]
Created = Annotated[datetime, mapped_column(default=lambda: datetime.now(UTC))]
Expires = Annotated[datetime, mapped_column(default=lambda: datetime.now(UTC) + KEPT)]


class Base(AsyncAttrs, DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {int: BigInteger, str: Text, datetime: DateTime(timezone=True), UUID: Uuid()}


class UserSession(Base):
    __tablename__ = "user_sessions"
    id: Mapped[RandomKey]
    session_id: Mapped[str]
    """The digest of the token that the visitor has."""
    user_id: Mapped[int | None]
    created_at: Mapped[Created]
    expires_at: Mapped[Expires]
    conversations: Mapped[list[Conversation]] = relationship(order_by="Conversation.created_at.desc()")


class Conversation(Base):
    __tablename__ = "conversations"
    id: Mapped[RandomKey]
    user_session_id: Mapped[UUID] = mapped_column(ForeignKey("user_sessions.id"))
    created_at: Mapped[Created]
    expires_at: Mapped[Expires]
    messages: Mapped[list[Message]] = relationship(order_by="Message.sent_at")


class Message(Base):
    __tablename__ = "messages"
    id: Mapped[RandomKey]
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversations.id"))
    role: Mapped[str]
    content: Mapped[str]
    sent_at: Mapped[Created]
    expires_at: Mapped[Expires]
    citations: Mapped[list[Citation]] = relationship(order_by="Citation.position")


class Citation(Base):
    __tablename__ = "citations"
    id: Mapped[Key]
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id"))
    position: Mapped[int]
    title: Mapped[str]
    url: Mapped[str]
    passage: Mapped[str]


class Document(Base):
    __tablename__ = "documents"
    id: Mapped[Key]
    url: Mapped[str]
    title: Mapped[str]
    digest: Mapped[str]
    """Of its text and the model of the embeddings: what is the same is not read again."""


class Passage(Base):
    __tablename__ = "passages"
    id: Mapped[Key]
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id"))
    position: Mapped[int]
    heading: Mapped[str]
    content: Mapped[str]
    embedding: Mapped[list[float]] = mapped_column(Vector(DIMENSIONS))
    document: Mapped[Document] = relationship()
