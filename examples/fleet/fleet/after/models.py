"""The seven models after: an index for each read, a tenant's policy on each table; and two materialized views.

Relationships are few and raise when touched unloaded: what a page needs is loaded by its query.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Numeric,
    Text,
    cast,
    func,
    select,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from fleet.naming import NAMING
from pgwright_runtime.materialized import MaterializedView
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


# One row: what came in for an organization on a day (UTC). As revision 0003 made it.
_BY_DAY = """
    SELECT deliveries.organization_id,
           (deliveries.created_at AT TIME ZONE 'UTC')::date AS day,
           count(*) FILTER (WHERE status = 'pending') AS pending,
           count(*) FILTER (WHERE status = 'in_transit') AS in_transit,
           count(*) FILTER (WHERE status = 'delivered') AS delivered,
           count(*) FILTER (WHERE status = 'returned') AS returned,
           count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
           coalesce(sum(price) FILTER (WHERE status = 'delivered'), 0) AS revenue,
           coalesce(sum(amount) FILTER (WHERE settled_at IS NULL), 0) AS cash_to_hand_in
    FROM deliveries
    LEFT JOIN cash_collections ON cash_collections.delivery_id = deliveries.id
    GROUP BY 1, 2
"""
COUNTS = ("pending", "in_transit", "delivered", "returned", "cancelled")

# No policy holds for them: the app reads them through tenant_dashboard and tenant_months, which let one tenant through.
DELIVERY_DASHBOARD = MaterializedView(
    "delivery_dashboard",
    _BY_DAY,
    columns=[
        Column("organization_id", BigInteger),
        Column("day", Date),
        *(Column(name, BigInteger) for name in COUNTS),
        *(Column(name, Numeric) for name in ("revenue", "cash_to_hand_in")),
    ],
    metadata=Base.metadata,
    unique=["organization_id", "day"],
    every=timedelta(minutes=5),
    max_age=timedelta(minutes=15),
)

_days = DELIVERY_DASHBOARD.c
_month = cast(func.date_trunc("month", cast(_days.day, DateTime)), Date).label("month")
DELIVERY_MONTHS = MaterializedView(
    "delivery_months",
    select(
        _days.organization_id,
        _month,
        cast(func.sum(sum((_days[name] for name in COUNTS[1:]), _days[COUNTS[0]])), BigInteger).label("deliveries"),
        cast(func.sum(_days.delivered), BigInteger).label("delivered"),
        func.sum(_days.revenue).label("revenue"),
    ).group_by(_days.organization_id, _month),
    metadata=Base.metadata,
    unique=["organization_id", "month"],
    every=timedelta(hours=1),
    max_age=timedelta(hours=2),
)
