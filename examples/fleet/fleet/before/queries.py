"""The queries before: relationships are loaded when touched, one query a row (N+1), and Python does the counting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, Select, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from fleet.before.models import CashCollection, Courier, Delivery, Organization, Salary, Vehicle
from fleet.views import (
    CourierCount,
    CourierDetail,
    CourierView,
    DashboardDay,
    DeliveryStatistics,
    DeliveryView,
    VehicleView,
)


async def has_organization(session: AsyncSession, organization_id: int) -> bool:
    return await session.get(Organization, organization_id) is not None


async def list_couriers(
    session: AsyncSession, organization_id: int, status: str | None = None, size: int = 50, page: int = 1
) -> list[CourierView]:
    """Return one page of couriers by name."""
    query = select(Courier).where(Courier.organization_id == organization_id).order_by(Courier.name, Courier.id)
    if status is not None:
        query = query.where(Courier.status == status)
    couriers = await session.scalars(query.limit(size).offset((page - 1) * size))
    return [await _courier(courier) for courier in couriers.all()]


async def get_courier(session: AsyncSession, organization_id: int, courier_id: int) -> CourierDetail | None:
    courier = await session.get(Courier, courier_id)
    if courier is None or courier.organization_id != organization_id:
        return None
    deliveries: Sequence[Delivery] = await courier.awaitable_attrs.deliveries
    cash = Decimal("0.00")
    for delivery in deliveries:
        if delivery.cash_on_delivery:
            collection: CashCollection | None = await delivery.awaitable_attrs.cash_collection
            if collection is not None and collection.settled_at is None:
                cash += collection.amount
    salaries: Sequence[Salary] = await courier.awaitable_attrs.salaries
    last = max(salaries, key=lambda salary: salary.month, default=None)
    return CourierDetail(
        await _courier(courier),
        len(deliveries),
        sum(delivery.status == "delivered" for delivery in deliveries),
        cash,
        last.amount if last else None,
    )


async def count_couriers(session: AsyncSession, organization_id: int) -> list[CourierCount]:
    counts = []
    for status in ("active", "left", "off_duty"):
        query = select(func.count(Courier.id)).where(
            Courier.organization_id == organization_id, Courier.status == status
        )
        if count := await session.scalar(query):
            counts.append(CourierCount(status, count))
    return counts


async def list_deliveries(
    session: AsyncSession, organization_id: int, status: str | None = None, size: int = 50, page: int = 1
) -> list[DeliveryView]:
    """Return one page of deliveries, newest first."""
    query = select(Delivery).where(Delivery.organization_id == organization_id)
    if status is not None:
        query = query.where(Delivery.status == status)
    query = query.order_by(Delivery.created_at.desc(), Delivery.id.desc()).limit(size).offset((page - 1) * size)
    return [await _delivery(delivery) for delivery in (await session.scalars(query)).all()]


async def get_delivery(session: AsyncSession, organization_id: int, delivery_id: int) -> DeliveryView | None:
    delivery = await session.get(Delivery, delivery_id)
    if delivery is None or delivery.organization_id != organization_id:
        return None
    return await _delivery(delivery)


async def add_delivery(
    session: AsyncSession, organization_id: int, price: Decimal, cash_on_delivery: bool, address: str
) -> DeliveryView:
    """Add a pending delivery; the caller commits."""
    delivery = Delivery(
        organization_id=organization_id,
        status="pending",
        price=price,
        cash_on_delivery=cash_on_delivery,
        address=address,
    )
    session.add(delivery)
    await session.flush()
    return await _delivery(delivery)


async def delivery_statistics(session: AsyncSession, organization_id: int) -> list[DeliveryStatistics]:
    deliveries = await session.scalars(select(Delivery).where(Delivery.organization_id == organization_id))
    by_status: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        by_status[delivery.status].append(delivery)
    return [
        DeliveryStatistics(
            status,
            len(of_status),
            sum((delivery.price for delivery in of_status), Decimal(0)),
            sum(delivery.cash_on_delivery for delivery in of_status),
        )
        for status, of_status in sorted(by_status.items())
    ]


async def dashboard(session: AsyncSession, organization_id: int, days: int = 30) -> list[DashboardDay]:
    """Return the newest days, counted anew from all deliveries."""
    day = cast(func.timezone("UTC", Delivery.created_at), Date)
    delivered = Delivery.status == "delivered"
    query: Select[*tuple[Any, ...]] = (
        select(
            day,
            *(
                func.count().filter(Delivery.status == status)
                for status in ("pending", "in_transit", "delivered", "returned", "cancelled")
            ),
            func.coalesce(func.sum(Delivery.price).filter(delivered), 0),
            func.coalesce(func.sum(CashCollection.amount).filter(CashCollection.settled_at.is_(None)), 0),
        )
        .select_from(Delivery)
        .outerjoin(CashCollection, CashCollection.delivery_id == Delivery.id)
        .where(Delivery.organization_id == organization_id)
        .group_by(day)
        .order_by(day.desc())
        .limit(days)
    )
    return [DashboardDay(*row) for row in await session.execute(query)]


async def _courier(courier: Courier) -> CourierView:
    vehicle: Vehicle | None = await courier.awaitable_attrs.current_vehicle
    return CourierView(
        courier.id,
        courier.name,
        courier.phone,
        courier.status,
        VehicleView(vehicle.id, vehicle.plate_number, vehicle.kind) if vehicle else None,
    )


async def _delivery(delivery: Delivery) -> DeliveryView:
    courier: Courier | None = await delivery.awaitable_attrs.courier
    created_at: datetime = delivery.created_at
    return DeliveryView(
        delivery.id,
        delivery.status,
        delivery.price,
        delivery.cash_on_delivery,
        delivery.address,
        created_at,
        delivery.delivered_at,
        courier.name if courier else None,
    )
