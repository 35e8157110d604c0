"""A database that lives as long as one test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from pglast import split

from pgwright.embedded import EmbeddedServer

_SHARED_COUNTERS_SINCE = 150_000
# Before, a process collected the counters, and wrote them out twice a second.
_COLLECTOR_SECONDS = 1.5


@dataclass
class Database:
    """A database that lives as long as one test."""

    server: EmbeddedServer
    name: str

    @property
    def dsn(self) -> str:
        return self.server.dsn(self.name)

    def url(self, driver: str = "") -> str:
        return self.server.url(self.name, driver)

    def execute(self, statements: str) -> None:
        """Run statements, separated by semicolons, each committed on its own."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for statement in split(statements):
                connection.execute(statement.encode())

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()

    def rows_in_one_session(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements in one session and return the rows of the last."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for statement in statements[:-1]:
                connection.execute(statement.encode())
            return connection.execute(statements[-1].encode()).fetchall()

    @contextmanager
    def counted_session(self) -> Iterator[psycopg.Connection]:
        """Open a session whose counters are seen by the next one."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            yield connection
            share_counters(connection)


def share_counters(connection: psycopg.Connection) -> None:
    """End the transaction, and let other sessions see what this one has counted."""
    if connection.info.server_version >= _SHARED_COUNTERS_SINCE:
        connection.execute("SELECT pg_stat_force_next_flush()")
        connection.rollback()
        return
    # The backend sends at the end of a transaction, twice a second at most.
    time.sleep(_COLLECTOR_SECONDS)
    connection.execute("SELECT 1")
    connection.rollback()
    time.sleep(_COLLECTOR_SECONDS)
