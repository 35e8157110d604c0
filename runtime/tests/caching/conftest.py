"""Shops of each kind of engine and store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from pgwright_runtime.caching import Cache, MemoryStore, RedisStore, Store
from pgwright_runtime.tenancy import current_tenant
from runtime.tests.support.cached_shop import DRIVERS, Shop, make_engine, make_tables, until_cached
from tests.support.database import Database
from tests.support.valkey import Broker, run_broker


@pytest.fixture(scope="module")
def valkey() -> Iterator[Broker]:
    with run_broker() as broker:
        yield broker


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    broker: Broker = request.getfixturevalue("valkey")
    # A busy machine is no lost server.
    return RedisStore(broker.url, time_limit_s=0.5)


@pytest_asyncio.fixture(params=DRIVERS)
async def shop(request: pytest.FixtureRequest, database: Database, store: Store) -> AsyncIterator[Shop]:
    """A shop whose store knows the tables already."""
    make_tables(database)
    made = Shop(make_engine(database, request.param), Cache(store, tenant=current_tenant.get))
    await until_cached(made.n, made.computed, 2)
    made.computed.clear()
    yield made
    await made.close()
