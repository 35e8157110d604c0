"""What an erasure comes to: counts, never data of the person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pgwright_runtime.erasure.stops import Stop

ErasureStatus = Literal["would erase", "erased", "already erased", "stopped", "not found"]


@dataclass(frozen=True)
class ErasedTable:
    """What happens to a person's rows of one table."""

    table: str
    deleted: int = 0
    anonymised: int = 0
    """Rows that stay, with other values."""
    unlinked: int = 0
    """Rows of others that no longer point at the person."""
    kept: int = 0
    reasons: tuple[str, ...] = ()
    """Why rows are kept, or made anonymous only."""


@dataclass(frozen=True)
class ErasureOutcome:
    """What was done, or in a dry run would be done."""

    status: ErasureStatus
    subject: str
    """The table of persons, as `public.users`."""
    person: str
    """The hash of the person's key, by which a list of erased keys knows them; "" without a secret."""
    at: str
    """ISO 8601, by the server's clock."""
    server_version: str
    tables: tuple[ErasedTable, ...] = ()
    """Those with rows of the person, children first."""
    stops: tuple[Stop, ...] = ()
    copies: tuple[str, ...] = ()
    """Materialised views over those tables: they hold what they held until they are refreshed."""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def rows(self) -> int:
        """Rows deleted, made anonymous or unlinked."""
        return sum(table.deleted + table.anonymised + table.unlinked for table in self.tables)


@dataclass(frozen=True)
class Erased:
    """What `on_erased` is called with, after the commit."""

    subject: str
    key: tuple[str, ...]
    """The person's key, as text of the server's; keep it out of logs."""
    tables: tuple[str, ...] = field(default=())
    """The tables of which rows went or changed."""
