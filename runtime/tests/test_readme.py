"""The Python in both README files runs as it stands, on a real primary and a real replica."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from pgwright.embedded import EmbeddedServer
from pgwright_runtime import create_async_engine
from runtime.tests.support.replica_servers import Replica, primary, replica
from runtime.tests.support.tenancy_couriers import A, Courier, app_url, make_couriers
from tests.support.database import Database

__all__ = ["primary", "replica"]  # fixtures

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = re.compile(r"postgresql(\+asyncpg)?://app@db[\w.]*/shop")
ORDERS = """
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, placed_at timestamptz NOT NULL, note text);
INSERT INTO orders SELECT i, 1, '2026-01-01'::timestamptz + i * interval '1 hour' FROM generate_series(1, 30) i
"""


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    placed_at: Mapped[datetime]
    note: Mapped[str | None]


@pytest.fixture(scope="module")
def database(primary: EmbeddedServer, replica: Replica) -> Database:
    database = Database(primary, "postgres")
    database.execute(ORDERS)
    make_couriers(database)
    replica.catch_up()
    return database


@pytest.fixture
async def names(database: Database, replica: Replica) -> AsyncIterator[dict[str, Any]]:
    """What the pages take as given, and at the end what they made of it."""
    engines = [create_async_engine(database.url()), create_async_engine(replica.server.url("postgres"))]
    app = FastAPI()

    @app.get("/orders")
    async def count() -> int:
        async with known["engine"].connect() as connection:
            return len((await connection.execute(text("SELECT id FROM couriers WHERE false"))).all())

    async with AsyncSession(engines[0]) as session:
        known: dict[str, Any] = {
            "Order": Order,
            "app": app,
            "couriers": Courier,
            "cursor": None,
            "organization": SimpleNamespace(id=A),
            "primary": engines[0],
            "replica": engines[1],
            "select": select,
            "session": session,
            "settings": SimpleNamespace(cursor_secret="sixteen letters!", token_secret="sixteen letters!"),
            "user": SimpleNamespace(id=1),
        }
        yield known
    if "replicas" in known:
        await known["replicas"].stop()
    for engine in (*engines, known["engine"]):
        await engine.dispose()


async def run(page: Path, database: Database, names: dict[str, Any]) -> None:
    """Run the page's Python from top to bottom, with the address of a real database in place of its own."""
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        source = ADDRESS.sub(app_url(database, "asyncpg"), block)
        code = compile(source, str(page), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        running = eval(code, names)
        if inspect.iscoroutine(running):
            await running


async def queries(app: FastAPI) -> str:
    """Return what the guard says of a request."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return (await client.get("/orders")).headers["x-pgwright-queries"]


async def limits(engine: AsyncEngine) -> list[str]:
    async with engine.connect() as connection:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        return [(await connection.execute(text(f"SHOW {name}"))).scalar_one() for name in names]


async def test_the_runtimes_readme_runs(names: dict[str, Any], database: Database) -> None:
    await run(ROOT / "runtime" / "README.md", database, names)
    assert [order.id for order in names["page"].items] == list(range(30, 10, -1))
    assert names["page"].next
    assert names["page"].previous is None
    assert len(names["orders"]) == 30
    assert names["replicas"].metrics().reads_on_replica == 1
    assert await queries(names["app"]) == "1"
    assert "0" not in await limits(names["engine"])


async def test_the_readmes_section_on_the_runtime_runs(names: dict[str, Any], database: Database) -> None:
    await run(ROOT / "README.md", database, names)
    assert [order.id for order in names["page"].items] == list(range(30, 10, -1))
    assert await queries(names["app"]) == "1"
    assert "0" not in await limits(names["engine"])
