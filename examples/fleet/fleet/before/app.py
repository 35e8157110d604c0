"""The web app before the fix: `DATABASE_URL=postgresql://… uvicorn fleet.before.app:app`, at revision 0001."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from fleet.address import to_url
from fleet.before import queries
from fleet.views import (
    CourierCount,
    CourierDetail,
    CourierStatus,
    CourierView,
    Dashboard,
    DeliveryStatistics,
    DeliveryStatus,
    DeliveryView,
)
from fleet.web import BigId, Days, NewDelivery, OrganizationId, Size, add_error_answers, found, link_next
from pgwright_runtime import create_async_engine

router = APIRouter()


async def open_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


async def check_organization(
    session: Annotated[AsyncSession, Depends(open_session)], organization_id: OrganizationId
) -> int:
    found(await queries.has_organization(session, organization_id) or None, "organization")
    return organization_id


Session = Annotated[AsyncSession, Depends(open_session)]
Tenant = Annotated[int, Depends(check_organization)]
Page = Annotated[int, Query(ge=1, le=1_000_000)]


@router.get("/couriers")
async def list_couriers(
    request: Request,
    response: Response,
    session: Session,
    tenant: Tenant,
    status: CourierStatus | None = None,
    size: Size = 50,
    page: Page = 1,
) -> list[CourierView]:
    couriers = await queries.list_couriers(session, tenant, status, size, page)
    if len(couriers) == size:
        link_next(request, response, {"page": page + 1})
    return couriers


@router.get("/couriers/{courier_id}")
async def get_courier(session: Session, tenant: Tenant, courier_id: BigId) -> CourierDetail:
    return found(await queries.get_courier(session, tenant, courier_id), "courier")


@router.get("/deliveries")
async def list_deliveries(
    request: Request,
    response: Response,
    session: Session,
    tenant: Tenant,
    status: DeliveryStatus | None = None,
    size: Size = 50,
    page: Page = 1,
) -> list[DeliveryView]:
    deliveries = await queries.list_deliveries(session, tenant, status, size, page)
    if len(deliveries) == size:
        link_next(request, response, {"page": page + 1})
    return deliveries


@router.post("/deliveries", status_code=201)
async def add_delivery(session: Session, tenant: Tenant, new: NewDelivery) -> DeliveryView:
    delivery = await queries.add_delivery(session, tenant, new.price, new.cash_on_delivery, new.address)
    await session.commit()
    return delivery


@router.get("/deliveries/{delivery_id}")
async def get_delivery(session: Session, tenant: Tenant, delivery_id: BigId) -> DeliveryView:
    return found(await queries.get_delivery(session, tenant, delivery_id), "delivery")


@router.get("/statistics/couriers")
async def count_couriers(session: Session, tenant: Tenant) -> list[CourierCount]:
    return await queries.count_couriers(session, tenant)


@router.get("/statistics/deliveries")
async def delivery_statistics(session: Session, tenant: Tenant) -> list[DeliveryStatistics]:
    return await queries.delivery_statistics(session, tenant)


@router.get("/dashboard")
async def show_dashboard(session: Session, tenant: Tenant, days: Days = 30) -> Dashboard:
    return Dashboard(0.0, False, tuple(await queries.dashboard(session, tenant, days)))


def create_app(url: str | URL | None = None, *, pool_size: int = 10, max_overflow: int = 10) -> FastAPI:
    """Return the app for one database; None: the one that DATABASE_URL names when the app starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.engine = create_async_engine(
            to_url(url or os.environ["DATABASE_URL"], "asyncpg"),
            pool_size=pool_size,
            max_overflow=max_overflow,
            application_name="fleet-before",
        )
        app.state.sessions = async_sessionmaker(app.state.engine, expire_on_commit=False)
        yield
        await app.state.engine.dispose()

    app = FastAPI(title="fleet, before", lifespan=lifespan)
    app.include_router(router)
    add_error_answers(app)
    return app


app = create_app()
