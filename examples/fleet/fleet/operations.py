"""The operations of the app, each as it was and as it is: what `pgwright prove` measures.

`OPERATIONS` is for data of scale 1, or of the scale that the environment names in FLEET_SCALE. The side after works as
the app's own role and for one tenant, so that the price of row-level security is in what is measured.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from fleet.address import APP_ROLE
from fleet.after import queries as after
from fleet.before import queries as before
from fleet.data import typical_organization
from fleet.views import CourierView, DeliveryView
from pgwright.proof.operations import AsyncCall, Operation
from pgwright_runtime.paging import Pager
from pgwright_runtime.tenancy import for_tenants, tenant

SCALE_VARIABLE = "FLEET_SCALE"
PAGE_SIZE = 50
_PAGER = Pager(secret="for measuring only")
_NEW = (Decimal("12.50"), True, "Mill Lane 7")

Call = Callable[[AsyncSession, int], Awaitable[object]]

_app_engines: WeakKeyDictionary[AsyncEngine, AsyncEngine] = WeakKeyDictionary()


def operations(scale: float = 1.0) -> tuple[Operation, ...]:
    """Return the operations for data of this scale; they ask for an organization with about 1 % of the rows."""
    organization_id = typical_organization(scale)
    return tuple(
        Operation(name, _before(old, organization_id), _after(new, organization_id)) for name, old, new in _PAIRS
    )


def _before(call: Call, organization_id: int) -> AsyncCall:
    async def request(engine: AsyncEngine) -> object:
        # Never committed: whatever the call writes is rolled back.
        async with AsyncSession(engine) as session:
            return _some(await call(session, organization_id))

    return request


def _after(call: Call, organization_id: int) -> AsyncCall:
    async def request(engine: AsyncEngine) -> object:
        with tenant(organization_id):
            async with AsyncSession(_as_app(engine)) as session:
                return _some(await call(session, organization_id))

    return request


def _some(found: object) -> object:
    if not found:
        raise LookupError(f"nothing found; is {SCALE_VARIABLE} the scale that the data was loaded with?")
    return found


def _as_app(engine: AsyncEngine) -> AsyncEngine:
    """Return the engine for one tenant at a time, with the app's role; it has no connection open yet."""
    if engine in _app_engines:
        return _app_engines[engine]
    _app_engines[engine] = for_tenants(engine)

    @event.listens_for(engine.sync_engine, "connect")
    def set_role(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET ROLE {APP_ROLE}")
        cursor.close()
        connection.commit()

    return _app_engines[engine]


async def _couriers(session: AsyncSession, organization_id: int, size: int = PAGE_SIZE) -> list[CourierView]:
    page = await _PAGER.page(session, after.couriers(organization_id), size=size)
    return [after.show_courier(courier) for courier in page.items]


async def _deliveries(session: AsyncSession, organization_id: int, status: str | None = None) -> list[DeliveryView]:
    page = await _PAGER.page(session, after.deliveries(organization_id, status), size=PAGE_SIZE)
    return [after.show_delivery(delivery) for delivery in page.items]


async def _first_courier_before(session: AsyncSession, organization_id: int) -> object:
    [first] = await before.list_couriers(session, organization_id, size=1)
    return await before.get_courier(session, organization_id, first.id)


async def _first_courier_after(session: AsyncSession, organization_id: int) -> object:
    [first] = await _couriers(session, organization_id, size=1)
    return await after.get_courier(session, organization_id, first.id)


async def _add_before(session: AsyncSession, organization_id: int) -> object:
    return _said(await before.add_delivery(session, organization_id, *_NEW))


async def _add_after(session: AsyncSession, organization_id: int) -> object:
    return _said(await after.add_delivery(session, organization_id, *_NEW))


def _said(delivery: DeliveryView) -> object:
    """Return what is the same each time: its id and its time are not."""
    return delivery.status, delivery.price, delivery.address


async def _dashboard_after(session: AsyncSession, organization_id: int) -> object:
    return list((await after.dashboard(session)).days)


_PAIRS: tuple[tuple[str, Call, Call], ...] = (
    ("list_couriers", before.list_couriers, _couriers),
    ("get_first_courier", _first_courier_before, _first_courier_after),
    ("count_couriers", before.count_couriers, after.count_couriers),
    ("list_deliveries", before.list_deliveries, _deliveries),
    (
        "pending_deliveries",
        lambda session, organization_id: before.list_deliveries(session, organization_id, "pending"),
        lambda session, organization_id: _deliveries(session, organization_id, "pending"),
    ),
    ("add_delivery", _add_before, _add_after),
    ("delivery_statistics", before.delivery_statistics, after.delivery_statistics),
    ("dashboard", before.dashboard, _dashboard_after),
)

OPERATIONS = operations(float(os.environ.get(SCALE_VARIABLE, "1")))
