"""Base classes with arguments of their own, which each table lengthens by `+`."""

from datetime import datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    __table_args__: tuple = ({"comment": "kept for ten years"},)


class Named:
    __table_args__ = (CheckConstraint("name <> ''"),)

    name: Mapped[str] = mapped_column(String(120))


class Vendor(Named, Base):
    __tablename__ = "vendor"
    __table_args__ = Named.__table_args__ + (Index("ix_vendor_country", "country"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(String(2))
    blocked_at: Mapped[datetime | None] = mapped_column(DateTime)


class Contract(Base):
    __tablename__ = "contract"
    __table_args__ = (
        Index("ix_contract_vendor_id", "vendor_id"),
        Index("ix_contract_number", "number", unique=True),
    ) + Base.__table_args__

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(30))
    vendor_id: Mapped[int] = mapped_column(ForeignKey("vendor.id"))
    signed_at: Mapped[datetime] = mapped_column(DateTime)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime)


class Payment(Base):
    __tablename__ = "payment"

    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    state: Mapped[str] = mapped_column(String(20))
    due_at: Mapped[datetime] = mapped_column(DateTime)
    paid_at: Mapped[datetime | None] = mapped_column(DateTime)
