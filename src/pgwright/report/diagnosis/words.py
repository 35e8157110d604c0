"""What a Diagnosis comes to, in words and bars."""

from __future__ import annotations

from pgwright.model.finding import Diagnosis, LostPoint
from pgwright.report.diagnosis.chart import ScoreBar, score_bars


def bars(diagnosis: Diagnosis) -> tuple[ScoreBar, ...]:
    """Return the scorecard as bars."""
    return score_bars(diagnosis.scorecard)


def lost(point: LostPoint) -> str:
    """Return why points were lost, and how many; a reason that costs none stands alone."""
    return f"−{point.points:g} {point.reason}" if point.points else point.reason
