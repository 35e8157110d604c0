"""What would let our role read more: SQL that somebody with the right to grant can run as it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pgwright.model.names import quote
from pgwright.model.server import Server

# The role pg_read_all_data came with PostgreSQL 14.
_READ_ALL_SINCE = 14


@dataclass(frozen=True)
class Grants:
    """The GRANTs for one role on one server; a comment names who can run them on a managed service."""

    role: str
    major: int
    administrator: str | None = None

    @classmethod
    def of(cls, server: Server) -> Grants:
        return cls(server.role, server.major, server.administrator)

    def monitor(self) -> str:
        return self._told(f"GRANT pg_monitor TO {quote(self.role)}")

    def read(self, schemas: Iterable[str]) -> str:
        """Return what lets the role read all tables and sequences, before PostgreSQL 14 those of the schemas."""
        if self.major >= _READ_ALL_SINCE:
            return self._told(f"GRANT pg_read_all_data TO {quote(self.role)}")
        where = f"SCHEMA {', '.join(map(quote, dict.fromkeys(schemas)))} TO {quote(self.role)}"
        rights = ("USAGE ON", "SELECT ON ALL TABLES IN", "SELECT ON ALL SEQUENCES IN")
        return self._told("; ".join(f"GRANT {right} {where}" for right in rights))

    def use(self, schema: str) -> str:
        return self._told(f"GRANT USAGE ON SCHEMA {quote(schema)} TO {quote(self.role)}")

    def call(self, function: str) -> str:
        return self._told(f"GRANT EXECUTE ON FUNCTION {function} TO {quote(self.role)}")

    def own(self, owners: Iterable[str]) -> str:
        """Return what gives the role the rights of tables' owners."""
        return self._told("; ".join(f"GRANT {quote(owner)} TO {quote(self.role)}" for owner in sorted(set(owners))))

    def bypass(self) -> str:
        """Return what lets the role see all rows; as a service's administrator one may lack the right to give it."""
        return self._told(f"ALTER ROLE {quote(self.role)} BYPASSRLS")

    def _told(self, statement: str) -> str:
        return f"{statement} -- as {self.administrator}" if self.administrator else statement
