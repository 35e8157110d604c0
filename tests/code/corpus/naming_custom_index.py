from __future__ import annotations

import typing
from datetime import datetime

from sqlalchemy import Boolean, DateTime, ForeignKey, Index, MetaData, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMES: typing.Final[dict[str, str]] = dict(
    ix="idx_%(table_name)s_%(column_0_N_name)s",
    uq="%(table_name)s_%(column_0_N_name)s_uniq",
    ck="chk_%(table_name)s_%(constraint_name)s",
    fk="fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    pk="%(table_name)s_pk",
)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Channel(Base):
    __tablename__ = "channels"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    is_private: Mapped[bool] = mapped_column(Boolean(name="is_private", create_constraint=False), default=False)
    topic: Mapped[typing.Optional[str]]
    archived_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)

    posts: Mapped[list[Post]] = relationship(back_populates="channel")


class Post(Base):
    __tablename__ = "posts"
    __table_args__ = (Index(None, "channel_id", "sent_at"), Index("posts_by_author", "author"))

    id: Mapped[int] = mapped_column(primary_key=True)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    author: Mapped[str] = mapped_column(String(80))
    text: Mapped[str]
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    channel: Mapped[Channel] = relationship(back_populates="posts")


class Emoji(Base):
    __tablename__ = "emoji"

    code: Mapped[str] = mapped_column(String(40), primary_key=True)
    url: Mapped[str]
    added_by: Mapped[str] = mapped_column(String(80), index=True)
    added_at: Mapped[datetime]
