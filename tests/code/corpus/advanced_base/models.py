from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from advanced_base.base import BigIntBase, SlugKey, UUIDAuditBase


class Author(UUIDAuditBase):
    name: Mapped[str]
    dob: Mapped[date | None]
    books: Mapped[list[Book]] = relationship(back_populates="author", lazy="selectin")


class Book(UUIDAuditBase):
    __table_args__ = (Index("ix_book_title", "title"),)

    title: Mapped[str]
    author_id: Mapped[UUID] = mapped_column(ForeignKey("author.id"))
    author: Mapped[Author] = relationship(lazy="joined", innerjoin=True, viewonly=True)
    published_on: Mapped[date | None] = mapped_column(index=True)


class Tag(BigIntBase, SlugKey):
    name: Mapped[str] = mapped_column(index=True)
    color: Mapped[str | None]
    hidden_at: Mapped[datetime | None]
