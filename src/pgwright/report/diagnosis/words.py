"""What a Diagnosis comes to, in words and bars."""

from __future__ import annotations

from pgwright.figures import share
from pgwright.model.finding import Diagnosis, LostPoint, SubjectScore
from pgwright.report.diagnosis.chart import ScoreBar, score_bars

# Less than this is missing: it would be printed as 100 %.
_ALL_BUT = 0.0005


def bars(diagnosis: Diagnosis) -> tuple[ScoreBar, ...]:
    """Return the scorecard as bars."""
    return score_bars(diagnosis.scorecard)


def lost(point: LostPoint) -> str:
    """Return why points were lost, and how many; a reason that costs none stands alone."""
    return f"−{point.points:g} {point.reason}" if point.points else point.reason


def looked_at(score: SubjectScore) -> str:
    """Return how much the score rests on where that is not all; else ""

    >>> from pgwright.model.finding import LookedAt
    >>> seen = (LookedAt(0.39, "the statements' time"), LookedAt(1.0, "the tables"))
    >>> looked_at(SubjectScore("queries", 10.0, (), seen))
    "39.0 % of the statements' time"
    """
    parts = [f"{share(one.share)} of {one.of}" for one in score.looked_at if one.share < 1 - _ALL_BUT]
    return " and ".join(parts)
