"""What would let our role read more: SQL that somebody with the right to grant can run as it stands.

The app's own role gets nothing: it would pass row-level security from then on. A role of pgwright's own does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pgwright.model.names import quote

# The role pg_read_all_data came with PostgreSQL 14.
_READ_ALL_SINCE = 14
# From 16 on a membership says for itself whether its rights are inherited; before, the role says it for all.
_INHERIT_OPTION_SINCE = 16
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
    is_monitor: bool = False
    """True for a member of pg_monitor, though it may not inherit its rights."""
    schemas: tuple[str, ...] = ()
    """Those with tables of the user."""
    has_reader: bool = False
    """True when there is a role pgwright_reader already."""
    closed_database: str | None = None
    """The database, where a new role may not connect to it."""
    does_inherit: bool = True
    """False when a role that is granted to this one would give it no rights."""

    @property
    def reader(self) -> str:
        """The role that gets the rights, quoted."""
        return READER if self.is_of_app else quote(self.role)

    @property
    def reads_all(self) -> bool:
        """True where one role gives the right to read everything."""
        return self.major >= _READ_ALL_SINCE

    @property
    def lacks_monitor(self) -> str:
        """Why the role has not the rights of pg_monitor, after "the role"."""
        return "does not inherit the rights of pg_monitor" if self.is_monitor else "is no member of pg_monitor"

    def monitor(self) -> str:
        return self._told(self._member("pg_monitor"))

    def read(self, schemas: Iterable[str]) -> str:
        """Return what lets the role read all tables and sequences, before PostgreSQL 14 those of the schemas."""
        if self.reads_all:
            return self._told(self._member("pg_read_all_data"))
        return self._told("" if self._is_new else self._read_schemas(schemas))

    def use(self, schema: str) -> str:
        return self._told(f"GRANT USAGE ON SCHEMA {quote(schema)} TO {self.reader}")

    def call(self, function: str) -> str:
        return self._told(f"GRANT EXECUTE ON FUNCTION {function} TO {self.reader}")

    def own(self, owners: Iterable[str]) -> str:
        """Return what gives the role the rights of tables' owners."""
        return self._told("; ".join(self._member(quote(owner)) for owner in sorted(set(owners))))

    def bypass(self) -> str:
        """Return what lets the role see all rows; as a service's administrator one may lack the right to give it."""
        return self._told(f"ALTER ROLE {self.reader} BYPASSRLS")

    def _member(self, role: str) -> str:
        """Return what gives the rights of a role to ours, which may be NOINHERIT."""
        grant = f"GRANT {role} TO {self.reader}"
        if self.does_inherit or self._is_new:
            return grant
        if self.major >= _INHERIT_OPTION_SINCE:
            return f"{grant} WITH INHERIT TRUE"
        return f"ALTER ROLE {self.reader} INHERIT; {grant}"

    def _read_schemas(self, schemas: Iterable[str]) -> str:
        where = f"SCHEMA {', '.join(map(quote, dict.fromkeys(schemas)))} TO {self.reader}"
        rights = ("USAGE ON", "SELECT ON ALL TABLES IN", "SELECT ON ALL SEQUENCES IN")
        return "; ".join(f"GRANT {right} {where}" for right in rights)

    @property
    def _is_new(self) -> bool:
        """True when the rights go to a role that is yet to be made, and has none of those that ours has."""
        return self.is_of_app and self.role != READER

    def _told(self, statement: str) -> str:
        remarks = [f"as {self.administrator}"] if self.administrator else []
        if self._is_new:
            statement = "; ".join(dict.fromkeys(one for one in (*self._new_reader(), statement) if one))
            remarks.append(f"then read as {READER}: the app works as {quote(self.role)}")
        return f"{statement} -- {'; '.join(remarks)}" if remarks else statement

    def _new_reader(self) -> Iterator[str]:
        """Yield what makes a role that reads as much as ours, and what monitors."""
        if not self.has_reader:
            yield f"CREATE ROLE {READER} LOGIN"
        if self.closed_database is not None:
            yield f"GRANT CONNECT ON DATABASE {quote(self.closed_database)} TO {READER}"
        if self.reads_all:
            yield f"GRANT pg_monitor, pg_read_all_data TO {READER}"
        else:
            yield f"GRANT pg_monitor TO {READER}"
            yield self._read_schemas(self.schemas) if self.schemas else ""
