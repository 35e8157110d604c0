"""Loyalty cards, with the arguments of each table above its class."""
from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

CARD_ARGS = (
    UniqueConstraint("number", name="card_number_key"),
    Index("card_holder", "holder"),  # counter staff
)
STAMP_ARGS = (Index("stamp_given_at", "given_at"), {"comment": "ten make a coffee"})
ONLY_COMMENT = {"comment": "what ten stamps buy"}


class Base(DeclarativeBase):
    pass


class Card(Base):
    __tablename__ = "card"
    __table_args__ = CARD_ARGS

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(16))
    holder: Mapped[str] = mapped_column(String(100))
    city: Mapped[str | None] = mapped_column(String(60))
    lost_at: Mapped[datetime | None]


class Stamp(Base):
    __tablename__ = "stamp"
    __table_args__ = STAMP_ARGS

    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("card.id"))
    shop: Mapped[str] = mapped_column(String(40))
    given_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Reward(Base):
    __tablename__ = "reward"
    __table_args__ = ONLY_COMMENT

    id: Mapped[int] = mapped_column(primary_key=True)
    card_id: Mapped[int] = mapped_column(ForeignKey("card.id"))
    drink: Mapped[str] = mapped_column(String(40))
    taken_at: Mapped[datetime | None]
