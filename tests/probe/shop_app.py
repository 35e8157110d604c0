"""An app to probe, with the faults that a probe has to find; sync and async over the same tables."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from string import ascii_letters
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import Engine, ForeignKey, create_engine, select, text
from sqlalchemy.ext.asyncio import AsyncAttrs, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

TOKEN = "s3cret-token"

SCHEMA = """
CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, deleted_at timestamptz);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, note text NOT NULL);
CREATE TABLE items (id bigint PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders, title text NOT NULL);
CREATE TABLE invites (id bigint PRIMARY KEY, token text NOT NULL);
CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, page text NOT NULL);
INSERT INTO invites VALUES (1, 'invited-1'), (2, 'invited-2');
INSERT INTO users SELECT n, 'user' || n, CASE n WHEN 1 THEN now() END FROM generate_series(1, 6) AS n;
INSERT INTO orders SELECT n, CASE WHEN n <= 60 THEN 1 WHEN n <= 100 THEN 2 ELSE 3 + n % 4 END, 'note ' || n
    FROM generate_series(1, 110) AS n;
INSERT INTO items SELECT n, 61 + n % 40, 'item ' || n FROM generate_series(1, 400) AS n;
ANALYZE
"""


class Base(AsyncAttrs, DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    orders: Mapped[list[Order]] = relationship(back_populates="user")


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str]
    user: Mapped[User] = relationship(back_populates="orders")
    items: Mapped[list[Item]] = relationship()


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    title: Mapped[str]


def open_session(request: Request) -> Iterator[Session]:
    with Session(request.app.state.engine) as session:
        yield session


async def open_async_session(request: Request) -> AsyncIterator[AsyncSession]:
    async with AsyncSession(request.app.state.engine) as session:
        yield session


class UserName(BaseModel):
    name: str


Limit = Annotated[int, Query(ge=1, le=50)]
Opened = Annotated[Session, Depends(open_session)]
OpenedAsync = Annotated[AsyncSession, Depends(open_async_session)]


def create_sync(url: str | None = None) -> FastAPI:
    """Return the app with a sync engine: one route for each thing that a probe may meet."""
    engine = create_engine(url or os.environ["DATABASE_URL"])
    router = APIRouter()

    @router.get("/orders")
    def list_orders(session: Opened, limit: Limit = 20) -> list[dict[str, Any]]:
        orders = session.scalars(select(Order).where(Order.id > 60).order_by(Order.id).limit(limit))
        return [{"id": order.id, "items": len(order.items)} for order in orders]

    @router.get("/orders-fixed")
    def list_orders_fixed(session: Opened, limit: Limit = 20) -> list[dict[str, Any]]:
        query = select(Order).where(Order.id > 60).order_by(Order.id).limit(limit).options(selectinload(Order.items))
        return [{"id": order.id, "items": len(order.items)} for order in session.scalars(query)]

    @router.get("/users/{user_id}/orders")
    def orders_of_user(session: Opened, user_id: int) -> list[dict[str, Any]]:
        user = session.get(User, user_id)
        if user is None:
            raise HTTPException(404)
        return [{"id": order.id, "items": [item.title for item in order.items]} for order in user.orders]

    @router.get("/users/{user_id}/orders/{order_id}")
    def order_of_user(session: Opened, user_id: int, order_id: int) -> dict[str, Any]:
        order = session.scalar(
            select(Order).where(Order.id == order_id, Order.user_id == user_id).options(selectinload(Order.items))
        )
        if order is None:
            raise HTTPException(404)
        return {"id": order.id, "items": [item.title for item in order.items]}

    @router.get("/settings")
    def settings(session: Opened, limit: Limit = 20) -> list[int]:
        for user in (2, 3, 4):
            session.execute(text("SELECT name FROM users WHERE id = :user"), {"user": user})
        return list(session.scalars(select(Order.id).limit(limit)))

    @router.get("/users-eager")
    def users_eager(session: Opened, limit: Limit = 20) -> list[UserName]:
        query = select(User).limit(limit).options(selectinload(User.orders))
        return [UserName(name=user.name) for user in session.scalars(query)]

    @router.get("/newest")
    def newest(session: Opened) -> list[int]:
        orders = session.scalars(select(Order).where(Order.id > 60).limit(5))
        return [len(order.items) for order in orders]

    @router.get("/invites/{token}")
    def invite(token: str) -> list[int]:
        return [len(token)]

    @router.get("/odd")
    def odd(session: Opened, limit: Limit = 20) -> list[int]:
        return [session.scalar(text(f"SELECT 1 AS number_{word}")) or 0 for word in ascii_letters[:limit]]

    @router.get("/visit")
    def visit(session: Opened) -> dict[str, int]:
        session.execute(text("INSERT INTO visits (page) VALUES ('start')"))
        session.commit()
        return {"visits": session.scalar(text("SELECT count(*) FROM visits")) or 0}

    @router.get("/visit-autocommit")
    def visit_autocommit() -> dict[str, int]:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("INSERT INTO visits (page) VALUES ('autocommit')"))
            return {"visits": connection.scalar(text("SELECT count(*) FROM visits")) or 0}

    @router.get("/visit-textual")
    def visit_textual(session: Opened) -> None:
        session.execute(text("INSERT INTO visits (page) VALUES ('textual')"))
        session.execute(text("/* now */ COMMIT"))

    @router.get("/visit-raw")
    def visit_raw() -> None:
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("INSERT INTO visits (page) VALUES ('raw')")
            raw.commit()
        finally:
            raw.close()

    @router.get("/failing")
    def failing() -> None:
        raise RuntimeError(f"no way with {TOKEN}")

    @router.get("/private")
    def private(authorization: Annotated[str | None, Header()] = None) -> list[int]:
        if authorization is None:
            raise HTTPException(401)
        if authorization != f"Bearer {TOKEN}":
            raise HTTPException(403)
        return [1, 2, 3]

    @router.get("/search")
    def search(term: str) -> list[str]:
        return [term]

    @router.get("/stream")
    async def stream() -> StreamingResponse:
        async def endless() -> AsyncIterator[bytes]:
            import asyncio

            while True:
                yield b"tick"
                await asyncio.sleep(0.05)

        return StreamingResponse(endless())

    return _app(router, engine)


def create_async(url: str | None = None) -> FastAPI:
    """Return the app with an async engine: an N+1, its repair, and a handler that writes."""
    engine = create_async_engine(url or os.environ["DATABASE_URL"])
    router = APIRouter()

    @router.get("/orders")
    async def list_orders(session: OpenedAsync, limit: Limit = 20) -> list[dict[str, Any]]:
        orders = await session.scalars(select(Order).where(Order.id > 60).order_by(Order.id).limit(limit))
        return [{"id": order.id, "items": len(await order.awaitable_attrs.items)} for order in orders]

    @router.get("/orders-fixed")
    async def list_orders_fixed(session: OpenedAsync, limit: Limit = 20) -> list[dict[str, Any]]:
        query = select(Order).where(Order.id > 60).order_by(Order.id).limit(limit).options(selectinload(Order.items))
        return [{"id": order.id, "items": len(order.items)} for order in await session.scalars(query)]

    @router.get("/visit")
    async def visit(session: OpenedAsync) -> dict[str, int]:
        await session.execute(text("INSERT INTO visits (page) VALUES ('start')"))
        await session.commit()
        return {"visits": await session.scalar(text("SELECT count(*) FROM visits")) or 0}

    @router.get("/visit-autocommit")
    async def visit_autocommit() -> dict[str, int]:
        async with engine.connect() as connection:
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("INSERT INTO visits (page) VALUES ('autocommit')"))
            return {"visits": await connection.scalar(text("SELECT count(*) FROM visits")) or 0}

    return _app(router, engine)


def _app(router: APIRouter, engine: Engine | AsyncEngine) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
        _trace("started")
        yield {"greeting": "hello"}
        _trace(" stopped")
        if isinstance(engine, AsyncEngine):
            await engine.dispose()
        else:
            engine.dispose()

    app = FastAPI(title="shop", lifespan=lifespan)
    app.state.engine = engine
    app.include_router(router)
    return app


def _trace(word: str) -> None:
    """Tell a test in another process how far the app has come."""
    if "SHOP_TRACE" in os.environ:
        with open(os.environ["SHOP_TRACE"], "a") as trace:
            trace.write(word)


def create_without_startup() -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        raise RuntimeError("no queue to be reached")
        yield  # type: ignore[unreachable]

    return FastAPI(lifespan=lifespan)


def create_empty() -> FastAPI:
    return FastAPI()


async def plain(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI app that knows neither lifespan nor OpenAPI."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})
