"""Documents in pieces, for retrieval; vectors are arrays as long as no extension is at hand."""

import datetime
import uuid
from typing import Any, List, Optional

from sqlalchemy import Computed, DateTime, Index, Integer, Text, func
from sqlalchemy import Column, ForeignKey
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .types import Embedding, IdType


def generate_id() -> str:
    return str(uuid.uuid4())


class Base(DeclarativeBase):
    pass


class Collection(Base):
    __tablename__ = "rag_collection"

    id = Column(IdType, primary_key=True, default=generate_id)
    name = Column(Text, nullable=False, unique=True)
    config = Column(JSONB, nullable=False, default=dict)
    deleted_at = Column(DateTime(timezone=True), nullable=True)


class File(Base):
    __tablename__ = "rag_file"

    id = Column(IdType, primary_key=True, default=generate_id)
    collection_id = Column(IdType, ForeignKey("rag_collection.id", ondelete="CASCADE"), nullable=False)
    path = Column(Text, nullable=False)
    sha256 = Column(Text, nullable=True)
    labels = Column(ARRAY(Text), nullable=False, default=list)
    indexed_at = Column(DateTime(timezone=True))


class Chunk(Base):
    __tablename__ = "rag_chunk"
    __table_args__ = (
        # word search
        Index("ix_rag_chunk_words", "words", postgresql_using="gin"),
        Index("ix_rag_chunk_meta", "meta", postgresql_using="gin", postgresql_ops={"meta": "jsonb_path_ops"}),
    )

    id: Mapped[str] = mapped_column(IdType, primary_key=True, default=generate_id)
    file_id: Mapped[str] = mapped_column(IdType, ForeignKey("rag_file.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer)
    text: Mapped[str] = mapped_column(Text)
    meta: Mapped[dict[str, Any]] = mapped_column(JSONB)
    embedding: Mapped[Optional[List[float]]] = mapped_column(Embedding)
    words: Mapped[Any] = mapped_column(TSVECTOR, Computed("to_tsvector('english', text)", persisted=True))
    made_at: Mapped[datetime.datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
