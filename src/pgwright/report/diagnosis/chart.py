"""The scorecard as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgwright.model.finding import SubjectScore
from pgwright.report.plot import PLOT_WIDTH


@dataclass(frozen=True)
class ScoreBar:
    label: str
    width: float
    text: str
    level: str
    """`good`, `fair`, `poor` or `none`: the CSS class."""


def score_bars(scores: Sequence[SubjectScore]) -> tuple[ScoreBar, ...]:
    """Return one bar a subject, from 0 to 10."""
    return tuple(
        ScoreBar(one.subject, 0.0, "not examined", "none")
        if one.score is None
        else ScoreBar(one.subject, PLOT_WIDTH * one.score / 10, f"{one.score:.1f}", level(one.score))
        for one in scores
    )


def level(score: float | None) -> str:
    """Return the CSS class of a score."""
    if score is None:
        return "none"
    return "good" if score >= 8 else "fair" if score >= 5 else "poor"
