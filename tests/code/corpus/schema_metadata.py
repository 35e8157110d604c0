from datetime import datetime

from sqlalchemy import ForeignKey, Index, MetaData, String, UniqueConstraint, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    metadata = MetaData(schema="billing")


class Plan(Base):
    __tablename__ = "plan"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    cents: Mapped[int]
    ended_at: Mapped[datetime | None]


class Subscription(Base):
    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("customer", "plan_id"), Index("ix_subscription_customer", "customer"))

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("billing.plan.id"), index=True)
    customer: Mapped[str] = mapped_column(String(120), index=False)
    began_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    cancelled_at: Mapped[datetime | None]


class Charge(Base):
    __tablename__ = "charge"

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey(Subscription.id))
    cents: Mapped[int]
    failed_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(200))
