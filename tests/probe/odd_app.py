"""An app that goes past SQLAlchemy, past the request, and past the first app; over the shop's tables."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import psycopg
from fastapi import FastAPI
from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from tests.probe.shop_app import Order

WRITE = "INSERT INTO visits (page) VALUES ('past')"
LATE = Event()
late_threads: list[Thread] = []


def create() -> FastAPI:
    url = make_url(os.environ["DATABASE_URL"])
    engine = create_engine(url)
    app, mounted = FastAPI(), FastAPI()

    def names(limit: int) -> list[str]:
        with Session(engine) as session:
            orders = session.scalars(select(Order).where(Order.id > 60).order_by(Order.id).limit(limit))
            return [item.title for order in orders for item in order.items]

    @app.get("/psycopg")
    def by_psycopg() -> None:
        with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
            connection.execute(WRITE)

    @app.get("/asyncpg")
    async def by_asyncpg() -> None:
        connection = await asyncpg.connect(host=url.query["host"], user=url.username, database=url.database)
        try:
            await connection.execute(WRITE)
        finally:
            await connection.close()

    @app.get("/read")
    def read() -> list[int]:
        dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(dsn) as connection:
            return [row[0] for row in connection.execute("SELECT id FROM orders LIMIT 2")]

    @app.get("/thread")
    def in_a_thread(limit: int = 20) -> list[int]:
        thread = Thread(target=names, args=(limit,))
        thread.start()
        thread.join()
        return list(range(limit))

    @app.get("/pool")
    def in_a_pool(limit: int = 20) -> list[str]:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(names, limit).result()

    @app.get("/late")
    def late() -> None:
        own = create_engine(url)

        def write() -> None:
            LATE.wait()
            with own.begin() as connection:
                connection.execute(text(WRITE))
            own.dispose()

        late_threads.append(Thread(target=write))
        late_threads[-1].start()

    @app.get("/shared")
    async def shared() -> list[Any]:
        own = create_async_engine(url.set(drivername="postgresql+psycopg"))
        try:
            async with AsyncSession(own) as session:
                return list(await asyncio.gather(session.scalar(text("SELECT 1")), session.scalar(text("SELECT 2"))))
        finally:
            await own.dispose()

    @mounted.get("/orders")
    def orders(limit: int = 20) -> list[dict[str, list[int]]]:
        return [{"inner": list(range(9))} for _ in names(limit)[:limit]]

    app.mount("/v1", mounted)
    return app
