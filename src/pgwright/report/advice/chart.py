"""What each further index gains, as a curve."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pgwright.figures import cost, share, size
from pgwright.model.advice import Advice
from pgwright.report.plot import PLOT_WIDTH, Tick

PLOT_HEIGHT = 200.0
# Below this many points a line tells nothing that the list does not.
FEWEST_POINTS = 3
_TICKS = 5


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
