"""What erasing a person comes to: counts by table, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pgwright_runtime.erasure.outcome import ErasedTable, ErasureStatus
from pgwright_runtime.erasure.stops import Stop

ErasureMode = Literal["dry run", "erase", "replay", "examine"]


@dataclass(frozen=True)
class ErasureRun:
    """What `erase` gives back; neither keys nor values of the person are in it."""

    kind: ClassVar[str] = "erasure"

    declaration: str
    """As it was named: `app.erasure:ERASURE`."""
    mode: ErasureMode
    status: ErasureStatus | Literal["clear"]
    """`clear`: of an examination that found nothing in the way."""
    subject: str
    """The table of persons."""
    person: str
    """The hash of the person's key; "" without a secret, or of several persons."""
    database: str
    server_version: str
    at: str
    tables: tuple[ErasedTable, ...]
    """Children first."""
    stops: tuple[Stop, ...]
    copies: tuple[str, ...]
    """Materialised views that hold what they held until they are refreshed."""
    notes: tuple[str, ...]
    seconds: float
    persons: int
    """How many were erased, or in a dry run would be."""

    @property
    def rows(self) -> int:
        """Rows deleted, made anonymous or unlinked."""
        return sum(one.deleted + one.anonymised + one.unlinked for one in self.tables)
