"""The queries after: one or two statements each, whatever the number of rows.

The policies keep to the tenant by themselves. Each query names it all the same: the planner then knows how large that
one organization is, which the policy's setting does not tell it.
"""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Select, column, func, select, table, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, load_only

from fleet.after.models import (
    COUNTS,
    DELIVERY_DASHBOARD,
    DELIVERY_MONTHS,
    CashCollection,
    Courier,
    Delivery,
    Organization,
    Salary,
)
from fleet.views import (
    CourierCount,
    CourierDetail,
    CourierView,
    Dashboard,
    DashboardDay,
    DashboardMonth,
    DeliveryStatistics,
    DeliveryView,
    Months,
    VehicleView,
)
from pgwright_runtime.aggregates import count_by
from pgwright_runtime.materialized import MaterializedView, freshness

DASHBOARD = table("tenant_dashboard", *map(column, ("day", *COUNTS, "revenue", "cash_to_hand_in")))
MONTHS = table("tenant_months", *map(column, ("month", "deliveries", "delivered", "revenue")))


async def has_organization(session: AsyncSession, organization_id: int) -> bool:
    return await session.scalar(select(Organization.id).where(Organization.id == organization_id)) is not None


def couriers(organization_id: int, status: str | None = None) -> Select[Courier]:
    """Return the query for the couriers by name, each with the vehicle; a page of it is one statement."""
    query = select(Courier).where(Courier.organization_id == organization_id).order_by(Courier.name, Courier.id)
    if status is not None:
        query = query.where(Courier.status == status)
    return query.options(joinedload(Courier.current_vehicle))


async def get_courier(session: AsyncSession, organization_id: int, courier_id: int) -> CourierDetail | None:
    given = (Delivery.organization_id == organization_id, Delivery.courier_id == courier_id)
    unsettled = (
        select(func.coalesce(func.sum(CashCollection.amount), Decimal("0.00")))
        .join(Delivery, Delivery.id == CashCollection.delivery_id)
        .where(*given, CashCollection.settled_at.is_(None))
    )
    salary = (
        select(Salary.amount)
        .where(Salary.organization_id == organization_id, Salary.courier_id == courier_id)
        .order_by(Salary.month.desc())
        .limit(1)
    )
    counts = (
        select(func.count().label("deliveries"), func.count().filter(Delivery.status == "delivered").label("delivered"))
        .where(*given)
        .subquery()
    )
    query = (
        select(Courier, counts.c.deliveries, counts.c.delivered, unsettled.scalar_subquery(), salary.scalar_subquery())
        .join(counts, true())
        .where(Courier.organization_id == organization_id, Courier.id == courier_id)
        .options(joinedload(Courier.current_vehicle))
    )
    row = (await session.execute(query)).one_or_none()
    return CourierDetail(show_courier(row[0]), *row[1:]) if row else None


async def count_couriers(session: AsyncSession, organization_id: int) -> list[CourierCount]:
    counts = await count_by(session, Courier.status, Courier.organization_id == organization_id)
    return [CourierCount(status, couriers) for status, couriers in sorted(counts.items())]


def deliveries(organization_id: int, status: str | None = None) -> Select[Delivery]:
    """Return the query for the deliveries, newest first, each with its courier's name."""
    query = select(Delivery).where(Delivery.organization_id == organization_id)
    if status is not None:
        query = query.where(Delivery.status == status)
    query = query.order_by(Delivery.created_at.desc(), Delivery.id.desc())
    return query.options(joinedload(Delivery.courier).options(load_only(Courier.name)))


async def get_delivery(session: AsyncSession, organization_id: int, delivery_id: int) -> DeliveryView | None:
    delivery = await session.scalar(deliveries(organization_id).where(Delivery.id == delivery_id))
    return show_delivery(delivery) if delivery else None


async def add_delivery(
    session: AsyncSession, organization_id: int, price: Decimal, cash_on_delivery: bool, address: str
) -> DeliveryView:
    """Add a pending delivery; the caller commits."""
    delivery = Delivery(
        organization_id=organization_id,
        courier=None,
        status="pending",
        price=price,
        cash_on_delivery=cash_on_delivery,
        address=address,
    )
    session.add(delivery)
    await session.flush()
    return show_delivery(delivery)


async def delivery_statistics(session: AsyncSession, organization_id: int) -> list[DeliveryStatistics]:
    query = (
        select(
            Delivery.status,
            func.count(),
            func.sum(Delivery.price),
            func.count().filter(Delivery.cash_on_delivery),
        )
        .where(Delivery.organization_id == organization_id)
        .group_by(Delivery.status)
        .order_by(Delivery.status)
    )
    return [DeliveryStatistics(*row) for row in await session.execute(query)]


async def dashboard(session: AsyncSession, days: int = 30) -> Dashboard:
    """Return the newest days of the tenant that is bound, as they were at the last refresh."""
    age_s, is_stale = await _age(session, DELIVERY_DASHBOARD)
    newest = select(*DASHBOARD.c).order_by(DASHBOARD.c.day.desc()).limit(days)
    return Dashboard(age_s, is_stale, tuple(DashboardDay(*row) for row in await session.execute(newest)))


async def months(session: AsyncSession) -> Months:
    """Return all months of the tenant that is bound, newest first, as they were at the last refresh."""
    age_s, is_stale = await _age(session, DELIVERY_MONTHS)
    newest = select(*MONTHS.c).order_by(MONTHS.c.month.desc())
    return Months(age_s, is_stale, tuple(DashboardMonth(*row) for row in await session.execute(newest)))


async def _age(session: AsyncSession, view: MaterializedView) -> tuple[float | None, bool]:
    """Return how old the figures are at most, asked before they are read."""
    found = await freshness(session, view)
    return None if found.age is None else found.age.total_seconds(), found.is_stale


def show_courier(courier: Courier) -> CourierView:
    vehicle = courier.current_vehicle
    return CourierView(
        courier.id,
        courier.name,
        courier.phone,
        courier.status,
        VehicleView(vehicle.id, vehicle.plate_number, vehicle.kind) if vehicle else None,
    )


def show_delivery(delivery: Delivery) -> DeliveryView:
    return DeliveryView(
        delivery.id,
        delivery.status,
        delivery.price,
        delivery.cash_on_delivery,
        delivery.address,
        delivery.created_at,
        delivery.delivered_at,
        delivery.courier.name if delivery.courier else None,
    )
