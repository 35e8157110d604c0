"""The server, its settings, its roles, and who was connected. Ages are seconds, timestamps ISO 8601."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Server:
    """The server, the database and the role that we read with."""

    version_number: int
    """As `server_version_num`: 180006 is 18.6."""
    database: str
    database_bytes: int
    """Of its tables, with their indexes: the server itself would look up the length of each of its files."""
    role: str
    role_is_superuser: bool
    started_at: str | None
    statistics_reset_at: str | None
    """Since when the counters count: the last reset, crash or restore; None: unknown."""
    is_standby: bool
    replica_count: int
    """Streaming replicas seen in `pg_stat_replication`; 0 also when the role may not look."""
    is_pooled: bool
    """True when a pooler (PgBouncer and the like) stands between us and the server."""
    blocks_hit: int
    blocks_read: int
    extensions: tuple[str, ...]
    available_extensions: tuple[str, ...]
    transaction_id_age: int
    """`age(datfrozenxid)` of this database, in transactions."""
    alembic_revisions: tuple[str, ...]
    """What `alembic_version` holds; empty when there is no such table."""
    collation: str
    """`datcollate`: of the database; "C" and "POSIX" compare bytes."""
    public_may_create: bool
    """True when every role may create objects in the schema `public`."""
    locale_provider: Literal["builtin", "icu", "libc"] = "libc"
    """Who compares strings in this database."""
    locale: str | None = None
    """What the provider compares by, where that is not `collation`: `en-US-x-icu`, `C.UTF-8`."""
    alembic_schema: str = "public"
    """Where `alembic_version` is: Alembic's `version_table_schema`."""
    administrator: str | None = None
    """The role of a managed service that grants what a superuser would elsewhere: `rds_superuser`."""

    @property
    def major(self) -> int:
        return self.version_number // 10_000

    @property
    def version(self) -> str:
        return f"{self.major}.{self.version_number % 10_000}"


@dataclass(frozen=True)
class Setting:
    name: str
    value: str
    """As `SHOW` prints it, with its unit."""
    raw: str
    """As `pg_settings.setting`, a number in the setting's own unit."""
    is_default: bool
    is_planner: bool
    """True when it changes plans; such settings are copied to the twin."""


@dataclass(frozen=True)
class RoleSetting:
    """A setting that ALTER ROLE or ALTER DATABASE fixed; `role` is "" when it is for every role."""

    role: str
    name: str
    value: str


@dataclass(frozen=True)
class Role:
    """A role that ran a statement of the workload or holds a connection."""

    name: str
    is_superuser: bool
    bypasses_row_security: bool
    is_monitor: bool = False
    """A member of `pg_monitor` that may write no table."""


@dataclass(frozen=True)
class Session:
    """A client connection at the moment of reading."""

    application: str
    role: str
    state: str
    """`active`, `idle`, `idle in transaction`, …; "" when the role may not see it."""
    state_seconds: float
    transaction_seconds: float
    database: str = ""
    """Where it works; "" in snapshots that do not say."""
