"""A database that lives as long as one test."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from pglast import split

from pgwright.embedded import EmbeddedServer


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
