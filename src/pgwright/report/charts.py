"""Where the bars of an inline SVG chart begin and end; the template only draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pgwright.model.advice import Advice
from pgwright.model.finding import SubjectScore
from pgwright.model.proof import MeasuredOperation
from pgwright.report.figures import cost, milliseconds, ratio, share, size

# In SVG user units; the picture scales with the page.
PLOT_WIDTH = 520.0
PLOT_HEIGHT = 200.0
# Below this many points a line tells nothing that the list does not.
FEWEST_POINTS = 3
_TICKS = 5


@dataclass(frozen=True)
class ScoreBar:
    label: str
    width: float
    text: str
    level: str
    """`good`, `fair`, `poor` or `none`: the CSS class."""


@dataclass(frozen=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True)
class Pair:
    label: str
    before_width: float
    after_width: float
    before: str
    after: str
    ratio: str
    verdict: str


@dataclass(frozen=True)
class PairChart:
    """Bars before and after on a logarithmic axis of milliseconds."""

    pairs: tuple[Pair, ...]
    ticks: tuple[Tick, ...]


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


def pair_chart(operations: Sequence[MeasuredOperation]) -> PairChart:
    """Return bars for each operation, on whole decades from below the fastest to above the slowest."""
    times = [time for one in operations for time in (one.before.median_ms, one.after.median_ms) if time > 0]
    low = math.floor(math.log10(min(times, default=0.1)) - 0.1)
    high = max(low + 1, math.ceil(math.log10(max(times, default=1.0))))

    def place(time: float) -> float:
        return round(PLOT_WIDTH * (math.log10(time) - low) / (high - low), 1) if time > 0 else 0.0

    pairs = tuple(
        Pair(
            one.name,
            place(one.before.median_ms),
            place(one.after.median_ms),
            milliseconds(one.before.median_ms),
            milliseconds(one.after.median_ms),
            ratio(one.ratio),
            one.verdict.replace(" ", "-"),
        )
        for one in operations
    )
    ticks = tuple(Tick(place(10.0**power), _decade(power)) for power in range(low, high + 1))
    return PairChart(pairs, ticks)


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    """From the top, as SVG counts."""
    text: str


@dataclass(frozen=True)
class Curve:
    """Planned cost left, as a share of that before, against the bytes of the indexes that bring it there."""

    path: str
    """The `d` of an SVG path: the cost stays until the next index is there, then falls."""
    points: tuple[Point, ...]
    ticks: tuple[Tick, ...]
    budget_x: float | None
    """Where the budget ends, if the plot reaches so far."""
    text: str
    """What it shows, in words, for whoever does not see it."""


def cost_curve(advice: Advice) -> Curve | None:
    """Return the curve of an advice; None when it has too few points to be one."""
    steps, start = advice.curve, advice.curve[0].cost if advice.curve else 0.0
    most = max((step.size_bytes for step in steps), default=0)
    if len(steps) < FEWEST_POINTS or start <= 0 or most <= 0:
        return None
    # Powers of two are round in the units of PostgreSQL.
    apart = 2 ** math.ceil(math.log2(max(most / _TICKS, 1)))
    end = apart * math.ceil(most / apart)
    points = tuple(
        Point(
            round(PLOT_WIDTH * step.size_bytes / end, 1),
            round(PLOT_HEIGHT * (1 - step.cost / start), 1),
            f"{step.added or 'no index'}: {size(step.size_bytes)}, planned cost {cost(step.cost)}",
        )
        for step in steps
    )
    path = f"M{points[0].x} {points[0].y}" + "".join(f"H{point.x}V{point.y}" for point in points[1:])
    ticks = tuple(
        Tick(round(PLOT_WIDTH * count / end, 1), size(count).replace(".0 ", " ")) for count in range(0, end + 1, apart)
    )
    budget = advice.budget_bytes
    budget_x = None if budget is None or budget > end else round(PLOT_WIDTH * budget / end, 1)
    text = f"From 100 % with no advised index to {share(steps[-1].cost / start)} with all, at {size(most)}."
    return Curve(path, points, ticks, budget_x, text)


def _decade(power: int) -> str:
    return f"{10.0**power:g} ms" if power < 3 else f"{10.0 ** (power - 3):g} s"
