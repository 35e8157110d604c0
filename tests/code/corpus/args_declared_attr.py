from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Index, String, UniqueConstraint, func
from sqlalchemy.ext.declarative import declared_attr
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Tenant(Base):
    __tablename__ = "tenant"

    id: Mapped[int] = mapped_column(primary_key=True)
    subdomain: Mapped[str] = mapped_column(String(63), unique=True)
    suspended_at: Mapped[datetime | None] = mapped_column(DateTime)


class OfTenant:
    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenant.id"))


class Contact(OfTenant, Base):
    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    phone: Mapped[str | None] = mapped_column(String(30))
    added_at: Mapped[datetime] = mapped_column(DateTime, server_default=func.now())
    removed_at: Mapped[datetime | None] = mapped_column(DateTime)

    @declared_attr
    def __table_args__(cls):
        return (
            UniqueConstraint("tenant_id", "email"),
            Index(f"ix_{cls.__tablename__}_phone", "phone"),
        )


class Deal(OfTenant, Base):
    __tablename__ = "deal"

    @declared_attr
    def __table_args__(cls):
        # cls is at hand here, but nobody needs it
        return Index("ix_deal_stage", "stage"), Index("ix_deal_closed_at", "closed_at"), {"comment": "sales"}

    id: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime)
