"""Gather the planner's statistics of a table."""

from __future__ import annotations

from pgwright.model.change import AnalyzeTable
from pgwright.model.remedy import Remedy, Step
from pgwright.model.snapshot import Snapshot
from pgwright.remedies.estimate import analyze_seconds, family


def render(change: AnalyzeTable, snapshot: Snapshot) -> Remedy:
    """Return the step; the way down has nothing to undo."""
    step = Step(f"ANALYZE {change.table}", False, "SHARE UPDATE EXCLUSIVE", (str(change.table),), waits_long=True)
    tables = family(snapshot, change.table)
    return Remedy(
        title=f"Gather statistics of {change.table.short}",
        change=change,
        findings=(),
        upgrade=(step,),
        downgrade=(),
        is_safe=True,
        warning="",
        seconds_estimate=sum(map(analyze_seconds, tables)) if tables else None,
        model_hint="",
    )
