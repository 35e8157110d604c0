"""Operations before and after, as pairs of bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pgwright.figures import milliseconds, ratio
from pgwright.model.proof import MeasuredOperation, Verdict
from pgwright.report.plot import PLOT_WIDTH, Tick


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
            css_class(one.verdict),
        )
        for one in operations
    )
    ticks = tuple(Tick(place(10.0**power), _decade(power)) for power in range(low, high + 1))
    return PairChart(pairs, ticks)


def css_class(verdict: Verdict) -> str:
    """Return how a verdict is coloured in a page: what is unclear like what makes no difference."""
    return "same" if verdict == "unclear" else verdict.replace(" ", "-")


def _decade(power: int) -> str:
    return f"{10.0**power:g} ms" if power < 3 else f"{10.0 ** (power - 3):g} s"
