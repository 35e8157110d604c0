"""Which server planned in production's place, in words that every format shares."""

from __future__ import annotations

from pgwright.model.planned_on import PlannedOn


def which_server(one: PlannedOn) -> str:
    """Return what a reader has to know of it, in sentences."""
    held = f"confined by {one.confinement}"
    if one.is_own_major:
        return f"Planned on PostgreSQL {one.version}, production's own major version, {held}."
    reason = f": {one.reason}" if one.reason else ""
    return (
        f"Planned on PostgreSQL {one.version}, {held}; it is not production's major version{reason}. "
        "Some plans may differ from production's."
    )
