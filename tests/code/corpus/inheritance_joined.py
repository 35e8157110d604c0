"""Payments of several kinds, one table for what they share and one for each kind."""

from datetime import datetime
from uuid import uuid4

from sqlalchemy import DateTime, ForeignKey, Index, Numeric, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Payment(Base):
    __tablename__ = "payment"
    __mapper_args__ = {"polymorphic_on": "method", "polymorphic_identity": "none"}

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=lambda: str(uuid4()))
    method: Mapped[str] = mapped_column(String(10))
    amount: Mapped[float] = mapped_column(Numeric(10, 2))
    made_at: Mapped[datetime] = mapped_column(DateTime, index=True)
    refunded_at: Mapped[datetime | None] = mapped_column(DateTime)


class CardPayment(Payment):
    __tablename__ = "card_payment"
    __mapper_args__ = {"polymorphic_identity": "card"}

    id: Mapped[str] = mapped_column(ForeignKey("payment.id"), primary_key=True)
    last_four: Mapped[str] = mapped_column(String(4))
    network: Mapped[str] = mapped_column(String(20), index=True)
    expires_on: Mapped[datetime | None] = mapped_column(DateTime)


class BankPayment(Payment):
    __tablename__ = "bank_payment"
    __table_args__ = (Index("ix_bank_payment_iban", "iban"),)
    __mapper_args__ = {"polymorphic_identity": "bank"}

    id: Mapped[str] = mapped_column(String(36), ForeignKey("payment.id"), primary_key=True)
    iban: Mapped[str] = mapped_column(String(34))
    mandate: Mapped[str | None] = mapped_column(String(35))
    returned_at: Mapped[datetime | None] = mapped_column(DateTime)
