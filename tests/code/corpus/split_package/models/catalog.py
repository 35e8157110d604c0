from __future__ import annotations

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from split_package.models._base import Base, BigKey, Dated


class Category(Dated, Base):
    id: Mapped[BigKey]
    name: Mapped[str] = mapped_column(String(80), unique=True)
    parent_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("category.id"))

    items: Mapped[list[Item]] = relationship(back_populates="category")


class Item(Dated, Base):
    __table_args__ = (
        UniqueConstraint("category_id", "slug"),
        Index(None, "title"),
    )

    id: Mapped[BigKey]
    category_id: Mapped[int] = mapped_column(Integer, ForeignKey("category.id"))
    slug: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(Text)

    category: Mapped[Category] = relationship(back_populates="items")
