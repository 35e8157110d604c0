import datetime as dt
import decimal
import typing as t
import uuid

from sqlalchemy import BigInteger, ForeignKey, Integer, Numeric, String, TIMESTAMP
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map = {
        int: BigInteger,
        str: String(255),
        dt.datetime: TIMESTAMP(timezone=True),
        decimal.Decimal: Numeric(14, 4),
        dict[str, t.Any]: JSONB,
    }


class Account(Base):
    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(default=uuid.uuid4, unique=True)
    name: Mapped[str]
    currency: Mapped[str] = mapped_column(String(3))
    settings: Mapped[dict[str, t.Any]] = mapped_column(default=dict)
    frozen_at: Mapped[dt.datetime | None]


class Transfer(Base):
    __tablename__ = "transfers"

    id: Mapped[int] = mapped_column(primary_key=True)
    # int4, from the days when ids were small
    source_id: Mapped[int] = mapped_column(Integer, ForeignKey("accounts.id"))
    target_id: Mapped[int] = mapped_column(Integer, ForeignKey("accounts.id"))
    amount: Mapped[decimal.Decimal]
    reference: Mapped[str | None]
    details: Mapped[dict[str, t.Any]]
    booked_at: Mapped[dt.datetime]


class Fee(Base):
    __tablename__ = "fees"

    id: Mapped[int] = mapped_column(primary_key=True)
    transfer_id: Mapped[int] = mapped_column(ForeignKey("transfers.id"), index=True)
    amount: Mapped[decimal.Decimal]
    kind: Mapped[str]
