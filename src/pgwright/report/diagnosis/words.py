"""What a Diagnosis comes to, in words and bars."""

from __future__ import annotations

from pgwright.model.finding import Diagnosis
from pgwright.report.diagnosis.chart import ScoreBar, score_bars


def bars(diagnosis: Diagnosis) -> tuple[ScoreBar, ...]:
    """Return the scorecard as bars."""
    return score_bars(diagnosis.scorecard)
