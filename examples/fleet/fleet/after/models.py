"""The seven models after: an index for each read, a tenant's policy on each table.

Relationships are few and raise when touched unloaded: what a page needs is loaded by its query.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, MetaData, Numeric, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from fleet.naming import NAMING
from pgwright_runtime.tenancy import tenant_policy

Key = Annotated[int, mapped_column(Identity(), primary_key=True)]
Tenant = Annotated[int, mapped_column(ForeignKey("organizations.id"))]
Created = Annotated[datetime, mapped_column(default=lambda: datetime.now(UTC), server_default=func.now())]

OF_ITS_ORGANIZATION = tenant_policy("organization_id")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {int: BigInteger, str: Text, datetime: DateTime(timezone=True), Decimal: Numeric(10, 2)}


class Organization(Base):
    __tablename__ = "organizations"
    __table_args__ = tenant_policy("id")
    id: Mapped[Key]
    name: Mapped[str]
    created_at: Mapped[Created]


class User(Base):
    __tablename__ = "users"
    __table_args__ = (
        Index("ix_users_organization_id", "organization_id"),
        OF_ITS_ORGANIZATION,
    )
    id: Mapped[Key]
    organization_id: Mapped[Tenant]
    email: Mapped[str]
    full_name: Mapped[str]
    created_at: Mapped[Created]


class Vehicle(Base):
    __tablename__ = "vehicles"
    __table_args__ = (
        Index("ix_vehicles_organization_id", "organization_id"),
        OF_ITS_ORGANIZATION,
    )
    id: Mapped[Key]
    organization_id: Mapped[Tenant]
    plate_number: Mapped[str]
    kind: Mapped[str]


class Courier(Base):
    __tablename__ = "couriers"
    __table_args__ = (
        Index("ix_couriers_organization_id_name_id", "organization_id", "name", "id"),
        Index("idx_couriers_org_status", "organization_id", "status", "name", "id"),
        Index("ix_couriers_current_vehicle_id", "current_vehicle_id"),
        OF_ITS_ORGANIZATION,
    )
    id: Mapped[Key]
    organization_id: Mapped[Tenant]
    name: Mapped[str]
    phone: Mapped[str]
    status: Mapped[str]
    current_vehicle_id: Mapped[int | None] = mapped_column(ForeignKey("vehicles.id"))
    created_at: Mapped[Created]
    current_vehicle: Mapped[Vehicle | None] = relationship(lazy="raise")


class Delivery(Base):
    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_organization_id_created_at", "organization_id", "created_at"),
        Index("ix_deliveries_organization_id_status_created_at", "organization_id", "status", "created_at"),
        Index("ix_deliveries_courier_id", "courier_id"),
        Index(
            "idx_deliveries_org_status",
            "organization_id",
            "status",
            postgresql_include=["price", "cash_on_delivery"],
        ),
        OF_ITS_ORGANIZATION,
    )
    id: Mapped[Key]
    organization_id: Mapped[Tenant]
    courier_id: Mapped[int | None] = mapped_column(ForeignKey("couriers.id"))
    status: Mapped[str]
    price: Mapped[Decimal]
    cash_on_delivery: Mapped[bool]
    address: Mapped[str]
    created_at: Mapped[Created]
    delivered_at: Mapped[datetime | None]
    courier: Mapped[Courier | None] = relationship(lazy="raise")


class CashCollection(Base):
    __tablename__ = "cash_collections"
    __table_args__ = (
        Index("ix_cash_collections_organization_id", "organization_id"),
        Index("ix_cash_collections_delivery_id", "delivery_id"),
        OF_ITS_ORGANIZATION,
    )
    id: Mapped[Key]
    organization_id: Mapped[Tenant]
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"))
    amount: Mapped[Decimal]
    collected_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class Salary(Base):
    __tablename__ = "salaries"
    __table_args__ = (
        Index("ix_salaries_organization_id", "organization_id"),
        Index("ix_salaries_courier_id", "courier_id"),
        OF_ITS_ORGANIZATION,
    )
    id: Mapped[Key]
    organization_id: Mapped[Tenant]
    courier_id: Mapped[int] = mapped_column(ForeignKey("couriers.id"))
    month: Mapped[date]
    amount: Mapped[Decimal]


class ViewRefresh(Base):
    """When a materialized view was last refreshed: how old its figures are."""

    __tablename__ = "view_refreshes"
    view_name: Mapped[str] = mapped_column(primary_key=True)
    refreshed_at: Mapped[datetime]
