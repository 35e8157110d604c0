"""The web app after the fix: `DATABASE_URL=postgresql://fleet_app@… uvicorn --factory fleet.after.app:create_app`.

DATABASE_URL names the app's own role, to which row-level security applies.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Response
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncSession

from fleet.after import queries
from fleet.after.databases import open_databases
from fleet.views import (
    CourierCount,
    CourierDetail,
    CourierStatus,
    CourierView,
    Dashboard,
    DeliveryStatistics,
    DeliveryStatus,
    DeliveryView,
    Months,
)
from fleet.web import (
    BigId,
    Days,
    NewDelivery,
    OrganizationId,
    Size,
    Value,
    add_error_answers,
    found,
    link_next,
    tell_age,
)
from pgwright_runtime.paging import Pager
from pgwright_runtime.paging.fastapi import answer_invalid_pages
from pgwright_runtime.replicas import ReadYourWritesMiddleware
from pgwright_runtime.tenancy import tenant

router = APIRouter()


async def work_for_organization(organization_id: OrganizationId) -> AsyncIterator[int]:
    with tenant(organization_id):
        yield organization_id


Tenant = Annotated[int, Depends(work_for_organization)]


async def open_session(request: Request, organization_id: Tenant) -> AsyncIterator[AsyncSession]:
    async with request.app.state.databases.replicas.session() as session:
        yield session


async def open_read_session(request: Request, organization_id: Tenant) -> AsyncIterator[AsyncSession]:
    async with request.app.state.databases.replicas.read_session() as session:
        yield session


WriteSession = Annotated[AsyncSession, Depends(open_session)]
ReadSession = Annotated[AsyncSession, Depends(open_read_session)]


async def answer(session: AsyncSession, organization_id: int, value: Value) -> Value:
    """Return the value; an empty one only of an organization that exists, so that others cost nothing.

    Raises: HTTPException: 404, there is no such organization.
    """
    if not value and not await queries.has_organization(session, organization_id):
        raise HTTPException(404, "no such organization")
    return value


@router.get("/couriers")
async def list_couriers(
    request: Request,
    response: Response,
    session: ReadSession,
    organization_id: Tenant,
    status: CourierStatus | None = None,
    size: Size = 50,
    cursor: str | None = None,
) -> list[CourierView]:
    query = queries.couriers(organization_id, status)
    page = await request.app.state.pager.page(session, query, size=size, cursor=cursor)
    if page.next:
        link_next(request, response, {"cursor": page.next})
    return await answer(session, organization_id, [queries.show_courier(courier) for courier in page.items])


@router.get("/couriers/{courier_id}")
async def get_courier(session: ReadSession, organization_id: Tenant, courier_id: BigId) -> CourierDetail:
    return found(await queries.get_courier(session, organization_id, courier_id), "courier")


@router.get("/deliveries")
async def list_deliveries(
    request: Request,
    response: Response,
    session: ReadSession,
    organization_id: Tenant,
    status: DeliveryStatus | None = None,
    size: Size = 50,
    cursor: str | None = None,
) -> list[DeliveryView]:
    query = queries.deliveries(organization_id, status)
    page = await request.app.state.pager.page(session, query, size=size, cursor=cursor)
    if page.next:
        link_next(request, response, {"cursor": page.next})
    return await answer(session, organization_id, [queries.show_delivery(delivery) for delivery in page.items])


@router.post("/deliveries", status_code=201)
async def add_delivery(session: WriteSession, organization_id: Tenant, new: NewDelivery) -> DeliveryView:
    found(await queries.has_organization(session, organization_id) or None, "organization")
    delivery = await queries.add_delivery(session, organization_id, new.price, new.cash_on_delivery, new.address)
    await session.commit()
    return delivery


@router.get("/deliveries/{delivery_id}")
async def get_delivery(session: ReadSession, organization_id: Tenant, delivery_id: BigId) -> DeliveryView:
    return found(await queries.get_delivery(session, organization_id, delivery_id), "delivery")


@router.get("/statistics/couriers")
async def count_couriers(session: ReadSession, organization_id: Tenant) -> list[CourierCount]:
    return await answer(session, organization_id, await queries.count_couriers(session, organization_id))


@router.get("/statistics/deliveries")
async def delivery_statistics(session: ReadSession, organization_id: Tenant) -> list[DeliveryStatistics]:
    return await answer(session, organization_id, await queries.delivery_statistics(session, organization_id))


@router.get("/dashboard")
async def show_dashboard(
    response: Response, session: ReadSession, organization_id: Tenant, days: Days = 30
) -> Dashboard:
    shown = await queries.dashboard(session, days)
    await answer(session, organization_id, shown.days)
    tell_age(response, shown.age_s)
    return shown


@router.get("/dashboard/months")
async def show_months(response: Response, session: ReadSession, organization_id: Tenant) -> Months:
    shown = await queries.months(session)
    await answer(session, organization_id, shown.months)
    tell_age(response, shown.age_s)
    return shown


def create_app(
    url: str | URL | None = None,
    replica_url: str | URL | None = None,
    *,
    secret: bytes | None = None,
    pool_size: int = 10,
    max_overflow: int = 10,
) -> FastAPI:
    """Return the app for one database.

    Args:
        url: the primary; None: the one that DATABASE_URL names.
        replica_url: a streaming replica for what only reads; None: the one that REPLICA_URL names, or the primary.
        secret: signs cursors and the cookie that tells what a client wrote, 16 bytes or more; None: FLEET_SECRET, or
            a new one at each start.
        pool_size: connections that stay open, to each of the two servers.
        max_overflow: further connections, opened at a peak.
    """
    key = secret or os.environ.get("FLEET_SECRET", "").encode() or secrets.token_bytes(32)
    databases = open_databases(
        url or os.environ["DATABASE_URL"],
        replica_url or os.environ.get("REPLICA_URL"),
        secret=key,
        pool_size=pool_size,
        max_overflow=max_overflow,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with databases.watched():
            yield

    app = FastAPI(title="fleet", lifespan=lifespan)
    app.state.databases, app.state.pager = databases, Pager(secret=key)
    app.include_router(router)
    app.add_middleware(ReadYourWritesMiddleware, replicas=databases.replicas)
    add_error_answers(app)
    answer_invalid_pages(app)
    return app
