"""The fleet app's data at 1 %: loaded once, copied for each test that changes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from fleet import data, schema
from fleet.address import as_app
from fleet.after.app import create_app as create_after
from fleet.before.app import create_app as create_before
from pgwright.embedded import EmbeddedServer
from tests.support.database import Database
from tests.support.fleet_clients import LARGE_SCALE, SCALE, SECRET, UNTIL, Client, client_of


@contextmanager
def copy_of(server: EmbeddedServer, template: str) -> Iterator[Database]:
    name = f"f_{uuid4().hex[:12]}"
    server.create_database(name, template=template)
    try:
        yield Database(server, name)
    finally:
        server.drop_database(name)


@pytest.fixture(scope="session")
def loaded(server: EmbeddedServer) -> Iterator[Database]:
    """At revision 0001, as loaded: for reading only."""
    with copy_of(server, "template1") as database:
        data.prepare(database.url(), SCALE, "0001", until=UNTIL)
        yield database


@pytest.fixture(scope="session")
def fixed(server: EmbeddedServer, loaded: Database) -> Iterator[Database]:
    """The same at the head revision: for reading only."""
    with copy_of(server, loaded.name) as database:
        schema.upgrade(database.url())
        database.execute("VACUUM ANALYZE")
        yield database


@pytest.fixture(scope="session")
def large(server: EmbeddedServer) -> Iterator[Database]:
    """Ten times as much, at the head revision: for reading only."""
    with copy_of(server, "template1") as database:
        data.prepare(database.url(), LARGE_SCALE, until=UNTIL)
        yield database


@pytest.fixture
def before_copy(server: EmbeddedServer, loaded: Database) -> Iterator[Database]:
    """A copy of `loaded` for one test."""
    with copy_of(server, loaded.name) as database:
        yield database


@pytest.fixture
def after_copy(server: EmbeddedServer, fixed: Database) -> Iterator[Database]:
    """A copy of `fixed` for one test."""
    with copy_of(server, fixed.name) as database:
        yield database


@pytest.fixture
async def before_client(loaded: Database) -> AsyncIterator[Client]:
    async with client_of(create_before(loaded.url(), pool_size=2)) as client:
        yield client


@pytest.fixture
async def after_client(fixed: Database) -> AsyncIterator[Client]:
    async with client_of(create_after(as_app(fixed.url()), secret=SECRET, pool_size=2)) as client:
        yield client
