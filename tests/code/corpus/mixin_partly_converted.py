"""A key from a mixin that becomes uuid in one table, and has to stay text in another, whose index needs text."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Column, DateTime, ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, declared_attr


class Base(DeclarativeBase):
    pass


class TextKey:
    id = Column(String(36), primary_key=True, default=lambda: str(uuid4()))


class Ticket(TextKey, Base):
    __tablename__ = "ticket"

    title = Column(String(200), nullable=False)
    state = Column(String(20), nullable=False, index=True)
    closed_at = Column(DateTime)


class Reply(TextKey, Base):
    __tablename__ = "reply"

    ticket_id = Column(String(36), ForeignKey("ticket.id"), nullable=False)
    text = Column(String, nullable=False)
    written_at = Column(DateTime)


class ShortLink(TextKey, Base):
    __tablename__ = "short_link"
    __table_args__ = (Index("ix_short_link_zprefix", "id", postgresql_ops={"id": "text_pattern_ops"}),)

    url = Column(String(500), nullable=False, unique=True)
    note = Column(String(100), index=True)
    removed_at = Column(DateTime)

BY_HAND = {
    "ticket.id": "the mixin gives it to short_link too, which keeps its text",
    "reply.id": "the mixin gives it to short_link too, which keeps its text",
    "reply.ticket_id": "it changes together with the keys",
}
