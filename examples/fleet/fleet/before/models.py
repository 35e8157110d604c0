"""The seven models before: no index but the primary keys, every relationship lazy."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, MetaData, Numeric, Text, func
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from fleet.naming import NAMING

Key = Annotated[int, mapped_column(Identity(), primary_key=True)]
Tenant = Annotated[int, mapped_column(ForeignKey("organizations.id"))]
Created = Annotated[datetime, mapped_column(default=lambda: datetime.now(UTC), server_default=func.now())]


class Base(AsyncAttrs, DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {int: BigInteger, str: Text, datetime: DateTime(timezone=True), Decimal: Numeric(10, 2)}


class Organization(Base):
    __tablename__ = "organizations"
    id: Mapped[Key]
    name: Mapped[str]
    created_at: Mapped[Created]


class User(Base):
    __tablename__ = "users"
    id: Mapped[Key]
    organization_id: Mapped[Tenant]
    email: Mapped[str]
    full_name: Mapped[str]
    created_at: Mapped[Created]


class Vehicle(Base):
    __tablename__ = "vehicles"
    id: Mapped[Key]
    organization_id: Mapped[Tenant]
    plate_number: Mapped[str]
    kind: Mapped[str]


class Courier(Base):
    __tablename__ = "couriers"
    id: Mapped[Key]
    organization_id: Mapped[Tenant]
    name: Mapped[str]
    phone: Mapped[str]
    status: Mapped[str]
    current_vehicle_id: Mapped[int | None] = mapped_column(ForeignKey("vehicles.id"))
    created_at: Mapped[Created]
    current_vehicle: Mapped[Vehicle | None] = relationship()
    deliveries: Mapped[list[Delivery]] = relationship(back_populates="courier")
    salaries: Mapped[list[Salary]] = relationship()


class Delivery(Base):
    __tablename__ = "deliveries"
    id: Mapped[Key]
    organization_id: Mapped[Tenant]
    courier_id: Mapped[int | None] = mapped_column(ForeignKey("couriers.id"))
    status: Mapped[str]
    price: Mapped[Decimal]
    cash_on_delivery: Mapped[bool]
    address: Mapped[str]
    created_at: Mapped[Created]
    delivered_at: Mapped[datetime | None]
    courier: Mapped[Courier | None] = relationship(back_populates="deliveries")
    cash_collection: Mapped[CashCollection | None] = relationship()


class CashCollection(Base):
    __tablename__ = "cash_collections"
    id: Mapped[Key]
    organization_id: Mapped[Tenant]
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"))
    amount: Mapped[Decimal]
    collected_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class Salary(Base):
    __tablename__ = "salaries"
    id: Mapped[Key]
    organization_id: Mapped[Tenant]
    courier_id: Mapped[int] = mapped_column(ForeignKey("couriers.id"))
    month: Mapped[date]
    amount: Mapped[Decimal]
