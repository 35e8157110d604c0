"""A materialized view: what it reads, and when it was refreshed, where that is on record."""

from __future__ import annotations

from dataclasses import dataclass

from pgwright.model.names import QualifiedName


@dataclass(frozen=True)
class RefreshRecord:
    """What `pgwright_refreshes` says of a view, the table in which the runtime keeps it. Ages by the server's clock."""

    refreshed_seconds: float | None
    """How long ago it was made or refreshed; None: it is due."""
    data_seconds: float | None
    """How old its data are, older than the refresh where it reads another materialized view; None: unknown."""
    max_age_seconds: float | None
    """How old they may become; None: it was never refreshed by the runtime since it was made."""


@dataclass(frozen=True)
class MaterializedViewState:
    """A materialized view; its size and counters are those of its `Table`."""

    name: QualifiedName
    is_populated: bool
    """False: whoever reads it gets an error."""
    sources: tuple[QualifiedName, ...]
    """The tables and materialized views that it reads, itself or through plain views."""
    record: RefreshRecord | None = None
    """None: none is kept, or it cannot be read."""
