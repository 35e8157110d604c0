from __future__ import annotations

import pytest

from pgwright.model.proof import MeasuredOperation
from pgwright.report.diagnosis.chart import score_bars
from pgwright.report.plot import PLOT_WIDTH
from pgwright.report.proof.chart import pair_chart
from tests.support import samples


def test_axis_spans_whole_decades_around_all_times() -> None:
    chart = pair_chart([samples.FASTER, samples.SAME])
    assert [tick.label for tick in chart.ticks] == ["0.1 ms", "1 ms", "10 ms", "100 ms", "1 s"]
    assert chart.ticks[0].x == 0
    assert chart.ticks[-1].x == PLOT_WIDTH
    assert all(0 < width <= PLOT_WIDTH for pair in chart.pairs for width in (pair.before_width, pair.after_width))


def test_ten_times_is_the_same_length_everywhere() -> None:
    pair = pair_chart([samples.DIFFERENT]).pairs[0]
    ticks = pair_chart([samples.DIFFERENT]).ticks
    assert pair.before_width - pair.after_width == pytest.approx(ticks[1].x - ticks[0].x, abs=0.2)


def test_chart_of_an_immeasurably_short_time_does_not_fail() -> None:
    nothing = MeasuredOperation("noop", samples.timing(0.0), samples.timing(0.0), 0, 0, True, "same")
    assert pair_chart([nothing]).pairs[0].before_width == 0


def test_score_bars_are_proportional_and_tell_what_was_not_examined() -> None:
    bars = score_bars(samples.DIAGNOSIS.scorecard)
    assert [bar.level for bar in bars] == ["good", "poor", "none"]
    assert bars[1].width == PLOT_WIDTH * 0.3
    assert bars[2].text == "not examined"
