"""A chat on the async ORM."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, MetaData, String, Text, UniqueConstraint, text
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, WriteOnlyMapped, declared_attr, mapped_column, relationship

metadata_obj = MetaData()


class Base(AsyncAttrs, DeclarativeBase):
    metadata = metadata_obj
    type_annotation_map = {dt.datetime: DateTime(timezone=True)}
    __mapper_args__ = {"eager_defaults": True}


class User(Base):
    __tablename__ = "chat_users"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    status: Mapped[str | None] = mapped_column(String(120))
    seen_at: Mapped[dt.datetime | None]
    banned_at: Mapped[dt.datetime | None]

    messages: WriteOnlyMapped[Message] = relationship(back_populates="sender")


class Room(Base):
    __tablename__ = "chat_rooms"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    last_message_id: Mapped[int | None] = mapped_column(
        ForeignKey("chat_messages.id", use_alter=True, name="fk_room_last_message")
    )
    archived_at: Mapped[dt.datetime | None]


class Membership(Base):
    __tablename__ = "chat_memberships"
    __table_args__ = (
        UniqueConstraint(
            "room_id",
            "user_id",
        ),
        Index(
            "ix_chat_memberships_unread",
            "user_id",
            postgresql_where=text("unread > 0"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey(Room.id, ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"))
    unread: Mapped[int] = mapped_column(default=0)
    left_at: Mapped[dt.datetime | None]


class Message(Base):
    __tablename__ = "chat_messages"
    __table_args__ = (Index("ix_chat_messages_room_sent", "room_id", text("sent_at DESC")),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("chat_rooms.id"))
    sender_id: Mapped[int | None] = mapped_column(ForeignKey("chat_users.id", ondelete="SET NULL"))
    body: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    deleted_at: Mapped[dt.datetime | None]

    sender: Mapped[User | None] = relationship(back_populates="messages")
