"""Attributes that could not be called as their columns are."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, DateTime, ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, synonym


class Base(DeclarativeBase):
    pass


class Document(Base):
    __tablename__ = "documents"
    __table_args__ = (Index("ix_documents_type", "type"),)

    uid: Mapped[str] = mapped_column("id", String(36), primary_key=True, default=lambda: str(uuid4()))
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSON, default=dict)
    properties: Mapped[dict[str, Any]] = mapped_column("props", JSONB, default=dict)
    kind: Mapped[str] = mapped_column("type", String(20))
    title_: Mapped[str] = mapped_column(String(200), name="title", unique=True)
    created: Mapped[datetime] = mapped_column("created_at", DateTime)
    removed: Mapped[datetime | None] = mapped_column("deleted_at", DateTime)

    name = synonym("title_")
    parts: Mapped[list["Part"]] = relationship(back_populates="document")


class Part(Base):
    __tablename__ = "parts"

    uid: Mapped[str] = mapped_column("id", String(36), primary_key=True)
    document_uid: Mapped[str] = mapped_column("document_id", ForeignKey("documents.id"), index=True)
    no: Mapped[int] = mapped_column("number")
    lang: Mapped[str | None] = mapped_column("language", String(5), index=True)

    document: Mapped[Document] = relationship(back_populates="parts")
