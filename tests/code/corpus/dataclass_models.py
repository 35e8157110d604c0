"""Mapped dataclasses: the order of the fields is their order in __init__."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Index, String, func
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column, relationship


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """subclasses will be converted to dataclasses"""


class Created(MappedAsDataclass, kw_only=True):
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), init=False, server_default=func.now())


class Poll(Created, Base):
    __tablename__ = "poll"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    question: Mapped[str] = mapped_column(String(300))
    slug: Mapped[str] = mapped_column(String(80), unique=True, repr=False)
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), default=None)
    choices: Mapped[list[Choice]] = relationship(back_populates="poll", default_factory=list, repr=False)


class Choice(Created, Base):
    __tablename__ = "choice"
    __table_args__ = (Index("ix_choice_label", "label"),)

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    label: Mapped[str] = mapped_column(String(100))
    poll_id: Mapped[int] = mapped_column(ForeignKey("poll.id"), init=False)
    poll: Mapped[Poll] = relationship(back_populates="choices", repr=False)
    votes: Mapped[int] = mapped_column(default=0, kw_only=True)


class Vote(Base, unsafe_hash=True):
    __tablename__ = "vote"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    choice_id: Mapped[int] = mapped_column(ForeignKey("choice.id"))
    voter: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[datetime | None] = mapped_column(default=None)
