"""Which server planned in production's place, in words that every format shares."""

from __future__ import annotations

from pgwright.model.planned_on import PlannedOn


def which_server(one: PlannedOn) -> str:
    """Return what a reader has to know of it, in sentences."""
    if one.is_own_major:
        server = f"Planned on PostgreSQL {one.version}, of production's own major version."
    else:
        reason = f": {one.reason}" if one.reason else ""
        server = (
            f"Planned on PostgreSQL {one.version}, which is not production's major version{reason}. "
            "Some plans may differ from production's."
        )
    return f"{server} Its process is confined by: {one.confinement}."
