"""One real embedded server for the whole run; each test gets a database of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import uuid4

import pytest

from pgwright.embedded import EmbeddedServer, run_server
from pgwright.twin.restore import SERVER_SETTINGS
from tests.support.database import Database
from tests.support.postgres import MAJOR, own_programs, run_postgres, skip_unless_meant_for


@pytest.fixture(autouse=True, scope="session")
def _no_cache() -> None:
    """Leave the user's cache alone; the tests of the cache have one of their own."""
    os.environ["PGWRIGHT_CACHE"] = "off"


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    # Autovacuum stays on, for there are checks of it, but never comes: it would analyze what a test has just compared.
    settings = {
        "shared_preload_libraries": "pg_stat_statements",
        "pg_stat_statements.max": "50000",  # those of all tests: what is dropped for others is told
        "max_connections": "60",
        "autovacuum_naptime": "2147483s",
    }
    with run_postgres(settings) as running:
        with running.admin("template1") as connection:
            connection.execute("CREATE EXTENSION pg_stat_statements")
        yield running


@pytest.fixture(scope="session")
def twin_server() -> Iterator[EmbeddedServer]:
    """A server for twins, of the same version, shared to save its start; commands start their own."""
    with run_server(settings=SERVER_SETTINGS, programs=own_programs(), is_confined=True) as running:
        yield running


@pytest.fixture
def database(server: EmbeddedServer) -> Iterator[Database]:
    name = f"t_{uuid4().hex[:12]}"
    server.create_database(name, template="template1")
    yield Database(server, name)
    server.drop_database(name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    skip_unless_meant_for(item)


def pytest_report_header() -> str:
    return f"PostgreSQL: {MAJOR}"
