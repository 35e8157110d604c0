"""What a Probe comes to, in words."""

from __future__ import annotations

from pgwright.figures import count, listing
from pgwright.model.probe import Probe


def where(probe: Probe) -> str:
    """Return which server was asked, and when."""
    server = f"{probe.database}, PostgreSQL {probe.server_version}, " if probe.database else ""
    fate = f"rolled back, except perhaps in {listing(list(probe.kept), 3)}" if probe.kept else "all rolled back"
    return f"{server}{probe.probed_at}, {fate}"


def called(probe: Probe) -> str:
    """Return how many endpoints were called."""
    return f"{count(len(probe.endpoints), 'endpoint')} called"
