"""What a Fix comes to, in words."""

from __future__ import annotations

from pgwright.figures import duration
from pgwright.model.fix import Fix
from pgwright.model.remedy import Remedy


def unsafe(fix: Fix) -> int:
    """Return how many remedies are unsafe on a busy table."""
    return sum(not remedy.is_safe for remedy in fix.remedies)


def locks(remedy: Remedy) -> str:
    """Return the locks that the upgrade takes, as a phrase."""
    taken = dict.fromkeys(step.lock for step in remedy.upgrade if step.lock != "none")
    return f"lock {', '.join(taken)}" if taken else "no lock"


def expected(remedy: Remedy) -> str:
    """Return how long it is expected to take, as a phrase."""
    return "" if remedy.seconds_estimate is None else f", takes {duration(remedy.seconds_estimate)} (estimated)"
