"""The notebook app's data, small: loaded once, copied for each test that changes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from notebook import data, schema
from notebook.address import to_url
from pgwright.embedded import EmbeddedServer
from pgwright_runtime import create_async_engine
from pgwright_runtime.soft_delete import hide_deleted
from tests.support.database import Database

SCALE = 0.02
UNTIL = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def copy_of(server: EmbeddedServer, template: str) -> Iterator[Database]:
    name = f"n_{uuid4().hex[:12]}"
    server.create_database(name, template=template)
    try:
        yield Database(server, name)
    finally:
        server.drop_database(name)


@pytest.fixture(scope="session")
def loaded(server: EmbeddedServer) -> Iterator[Database]:
    """At revision 0001, as loaded: for reading only."""
    with copy_of(server, "template1") as database:
        schema.upgrade(database.dsn, "0001")
        data.load(database.dsn, SCALE, until=UNTIL)
        yield database


@pytest.fixture(scope="session")
def fixed(server: EmbeddedServer, loaded: Database) -> Iterator[Database]:
    """The same at the head revision: for reading only."""
    with copy_of(server, loaded.name) as database:
        schema.upgrade(database.dsn)
        yield database


@pytest.fixture
def before(server: EmbeddedServer, loaded: Database) -> Iterator[Database]:
    """A copy of `loaded` for one test."""
    with copy_of(server, loaded.name) as database:
        yield database


@pytest.fixture
def after(server: EmbeddedServer, fixed: Database) -> Iterator[Database]:
    """A copy of `fixed` for one test."""
    with copy_of(server, fixed.name) as database:
        yield database


@pytest.fixture
async def after_engine(after: Database) -> AsyncIterator[AsyncEngine]:
    """As the app's: it hides deleted rows."""
    engine = create_async_engine(to_url(after.dsn, "asyncpg"), pool_size=2)
    yield hide_deleted(engine)
    await engine.dispose()
