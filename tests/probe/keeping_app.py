"""Apps that write where a GET should not, at startup, and past SQLAlchemy; over the shop's tables."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Visitor(Base):
    __tablename__ = "visitors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def create_seeding() -> FastAPI:
    """Return an app that creates and fills its tables when it starts, and adds rows in a GET."""
    engine = create_engine(make_url(os.environ["DATABASE_URL"]))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            session.add_all([Visitor(name="first"), Visitor(name="second")])
            session.commit()
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/visitors")
    def visitors(limit: int = 20) -> list[str]:
        with Session(engine) as session:
            visitor = Visitor(name="third")
            session.add(visitor)
            session.commit()
            session.refresh(visitor)
            assert visitor.id is not None
        with Session(engine) as session:
            return list(session.execute(text("SELECT name FROM visitors LIMIT :n"), {"n": limit}).scalars())

    return app


def create_linking() -> FastAPI:
    """Return an app whose statement lets the server itself write by another connection."""
    url = make_url(os.environ["DATABASE_URL"])
    engine = create_engine(url)
    app = FastAPI()

    @app.get("/linked")
    def linked() -> None:
        target = f"host={url.query['host']} user={url.username} dbname={url.database}"
        with engine.connect() as connection:
            insert = "INSERT INTO visits (page) VALUES (''linked'')"
            connection.execute(text(f"SELECT dblink_exec('{target}', '{insert}')"))

    return app


def create_two_engines() -> FastAPI:
    """Return an app with engines on two databases."""
    url = make_url(os.environ["DATABASE_URL"])
    app = FastAPI()
    app.state.engines = [create_engine(url), create_engine(url.set(database="template1"))]
    app.state.engines[0].connect().close()

    @app.get("/one")
    def one() -> None:
        with app.state.engines[0].connect() as connection:
            connection.execute(text("SELECT 1"))

    return app


class Litestar:
    """An app whose schema is where Litestar has it."""

    def __init__(self, *, is_served: bool) -> None:
        self._document = {"openapi": "3.1.0", "paths": {"/items": {"get": {}}}}
        self._is_served = is_served
        if not is_served:
            self.openapi_schema = self

    def to_schema(self) -> dict[str, Any]:
        return self._document

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        is_schema = self._is_served and scope["path"] == "/schema/openapi.json"
        is_found = is_schema or scope["path"] == "/items"
        body = b'{"openapi": "3.1.0", "paths": {"/items": {"get": {}}}}' if is_schema else b"[]"
        await send({"type": "http.response.start", "status": 200 if is_found else 404, "headers": []})
        await send({"type": "http.response.body", "body": body})


served = Litestar(is_served=True)
unserved = Litestar(is_served=False)


def flask(environ: Any, start_response: Any) -> list[bytes]:
    return [b""]


class Flask:
    def wsgi_app(self, environ: Any, start_response: Any) -> list[bytes]:
        return [b""]

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        return self.wsgi_app(environ, start_response)


flask_app = Flask()
