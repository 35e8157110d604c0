"""What only the team knows and no catalog tells: stated in `[tool.pgwright]`, carried in every snapshot."""

from __future__ import annotations

from dataclasses import dataclass

from pgwright.errors import ConfigError


@dataclass(frozen=True)
class ClientPool:
    """A group of equal processes that each hold one connection pool."""

    name: str
    pool_size: int
    max_overflow: int = 0
    processes: int = 1

    @property
    def connections(self) -> int:
        """The most connections that this group may open at once."""
        return (self.pool_size + self.max_overflow) * self.processes


@dataclass(frozen=True)
class Retention:
    """How long the rows of one table are kept."""

    column: str
    """The moment from which the days count, as a report names it: `token (expires_at)`."""
    days: int


@dataclass(frozen=True)
class StatedColumn:
    """A column of moments by which an app's own policies delete rows."""

    schema: str | None
    """None: where the search_path finds the table."""
    table: str
    column: str
    days: int
    """How long after the moment."""


@dataclass(frozen=True)
class StatedPolicies:
    """What an app states beside its models, and `pgwright retain` runs."""

    name: str
    """`module:attribute`."""
    columns: tuple[StatedColumn, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    """Policies that are no column's alone, as `table (column)`, and why statistics do not judge them."""
    unread: str = ""
    """Why they could not be imported; "" where they were."""


@dataclass(frozen=True)
class Policy:
    """The team's word on retention, pools and what to leave alone.

    Raises: ConfigError: a text stands where a tuple of texts is expected.
    """

    retention_days: int | None = None
    """How long soft-deleted rows are kept; None: nobody said, so the checks assume 90 and say so."""
    pools: tuple[ClientPool, ...] = ()
    allow: tuple[str, ...] = ()
    """Findings to leave out: a check's name, or `check:object`."""
    soft_delete_columns: tuple[str, ...] = ("deleted_at",)
    expiry_columns: tuple[str, ...] = ("expires_at",)
    retention: tuple[Retention, ...] = ()
    unique_among_living: tuple[str, ...] = ()
    """Unique indexes whose values may be used again after a row is marked as deleted, as a report names them."""
    cascade: tuple[str, ...] = ()
    """Foreign keys whose rows belong to the row that they refer to, and go with it: `message (talk_id)`."""
    stated: StatedPolicies | None = None
    """What the app's own policies state; None: none are named."""

    def __post_init__(self) -> None:
        for name in ("allow", "soft_delete_columns", "expiry_columns", "unique_among_living", "cascade"):
            if isinstance(value := getattr(self, name), str):  # each of its letters would count as one
                raise ConfigError(f"{name!r} of the policy is {value!r}; expected a tuple of texts: ({value!r},).")
