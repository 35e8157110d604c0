"""The server that plans, or measures, in production's place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlannedOn:
    """Which server it was, for whoever judges its plans."""

    version: str
    """As in 15.18."""
    is_own_major: bool
    """True when it is of production's major version, whose planner is the same."""
    reason: str
    """Why it is of another one; "" when it is not."""
    confinement: str
    """What keeps its process in its folder, as `EmbeddedServer.confinement` says."""
