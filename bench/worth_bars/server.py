"""The server that the apps of the corpus live on while they are measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pgwright.embedded import EmbeddedServer, run_server
from tests.support.database import Database

_SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "10000",
    "shared_buffers": "512MB",
    # It would analyze what nobody is to have analyzed, and take the time of what is measured.
    "autovacuum_naptime": "2147483s",
}


@contextmanager
def apps_server() -> Iterator[EmbeddedServer]:
    with run_server(settings=_SETTINGS) as server:
        yield server


@contextmanager
def database(server: EmbeddedServer, name: str, *, copy_of: Database | None = None) -> Iterator[Database]:
    """Give a database that lives as long as this, empty or a copy."""
    server.create_database(name, template="template0" if copy_of is None else copy_of.name)
    try:
        yield Database(server, name)
    finally:
        server.drop_database(name)
