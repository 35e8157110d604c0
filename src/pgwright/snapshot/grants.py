"""What would let our role read more: SQL that somebody with the right to grant can run as it stands.

The app's own role gets nothing: it would pass row-level security from then on. A role of pgwright's own does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pgwright.model.names import quote

# The role pg_read_all_data came with PostgreSQL 14.
_READ_ALL_SINCE = 14
# As docs/how-to/connect.md names it.
READER = "pgwright_reader"


@dataclass(frozen=True)
class Grants:
    """The GRANTs for one role on one server; a comment names who can run them on a managed service."""

    role: str
    major: int
    administrator: str | None = None
    is_of_app: bool = False
    """True when the app works as this role."""
    may_monitor: bool = True

    @property
    def reader(self) -> str:
        """The role that gets the rights, quoted."""
        return READER if self.is_of_app else quote(self.role)

    def monitor(self) -> str:
        return self._told(f"GRANT pg_monitor TO {self.reader}")

    def read(self, schemas: Iterable[str]) -> str:
        """Return what lets the role read all tables and sequences, before PostgreSQL 14 those of the schemas."""
        if self.major >= _READ_ALL_SINCE:
            return self._told(f"GRANT pg_read_all_data TO {self.reader}")
        where = f"SCHEMA {', '.join(map(quote, dict.fromkeys(schemas)))} TO {self.reader}"
        rights = ("USAGE ON", "SELECT ON ALL TABLES IN", "SELECT ON ALL SEQUENCES IN")
        return self._told("; ".join(f"GRANT {right} {where}" for right in rights))

    def use(self, schema: str) -> str:
        return self._told(f"GRANT USAGE ON SCHEMA {quote(schema)} TO {self.reader}")

    def call(self, function: str) -> str:
        return self._told(f"GRANT EXECUTE ON FUNCTION {function} TO {self.reader}")

    def own(self, owners: Iterable[str]) -> str:
        """Return what gives the role the rights of tables' owners."""
        return self._told("; ".join(f"GRANT {quote(owner)} TO {self.reader}" for owner in sorted(set(owners))))

    def bypass(self) -> str:
        """Return what lets the role see all rows; as a service's administrator one may lack the right to give it."""
        return self._told(f"ALTER ROLE {self.reader} BYPASSRLS")

    def _told(self, statement: str) -> str:
        remarks = [f"as {self.administrator}"] if self.administrator else []
        if self.is_of_app and self.role != READER:
            rights = "pg_monitor, pg_read_all_data" if self.major >= _READ_ALL_SINCE else "pg_monitor"
            statement = "; ".join(
                dict.fromkeys((f"CREATE ROLE {READER} LOGIN", f"GRANT {rights} TO {READER}", statement))
            )
            remarks.append(f"then read as {READER}: the app works as {quote(self.role)}")
        return f"{statement} -- {'; '.join(remarks)}" if remarks else statement
