"""What a diagnosis is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pgwright.advisor.goal import Goal
from pgwright.model.progress import Progress, silent
from pgwright.model.snapshot import Snapshot
from pgwright.probe import ProbeRequest


@dataclass(frozen=True)
class Question:
    """What its sources are read from, and which of the slower ones are wanted."""

    snapshot: Snapshot
    goal: Goal | None = None
    """What the index advisor is asked for; None: leave it out."""
    app: ProbeRequest | None = None
    """The app to probe; None: probe none."""
    server: Path | None = None
    """The folder of a PostgreSQL to plan on; None: one of production's major version, if one is found."""
    progress: Progress = silent
