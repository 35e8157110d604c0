"""What a trial comes to: what helps by the workload's calls, what it slows, and what is said where nothing helps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgwright.model.proof import Effort
from pgwright.model.trial import TrialVerdict, TriedSetting
from pgwright.report.trial.words import WARM, conclusion, is_proved, measured, numbers, saved
from tests.support import samples

ONE = replace(samples.HELPING, statements=(samples.DEAR,))
LOSING = replace(samples.SLOWED, calls=100_000)
FAILED = samples.USELESS.failed
TRIAL = replace(samples.TRIAL, tried=(ONE,), together=None)


def test_time_is_that_of_the_workloads_calls() -> None:
    assert ONE.saved_ms == pytest.approx(1200 * (96 - 12))
    assert ONE.after_ms == pytest.approx(200_000 - 1200 * 84)
    assert saved(ONE) == "50.4 %"
    assert saved(replace(ONE, statements=(LOSING,))).startswith("−")


@pytest.mark.parametrize(
    ("tried", "verdict"),
    [
        (ONE, "helps"),
        (samples.HELPING, "helps, and slows some"),
        (replace(ONE, failed=FAILED), "helps, and slows some"),
        (replace(ONE, statements=()), "does not help"),
        (replace(ONE, statements=(replace(samples.DEAR, verdict="unclear"),)), "does not help"),
        (replace(ONE, before_ms=10_080_000.0), "helps"),
        (replace(ONE, before_ms=10_081_000.0), "does not help"),
        (replace(ONE, statements=(samples.DEAR, LOSING)), "costs more than it gains"),
        (replace(ONE, statements=(replace(samples.DEAR, here=Effort(20, 9)),)), "does not help"),
        (replace(ONE, statements=(samples.DEAR, replace(samples.SLOWED, results_equal=False))), "results differ"),
    ],
    ids=[
        "faster", "one slower", "one fails", "no plan changes", "unclear", "a hundredth", "less than a hundredth",
        "slower by calls", "not representative", "other results",
    ],
)  # fmt: skip
def test_verdict(tried: TriedSetting, verdict: TrialVerdict) -> None:
    assert tried.verdict == verdict
    assert tried.helps is verdict.startswith("helps")


def test_the_setting_is_named_with_its_measured_effect() -> None:
    assert is_proved(TRIAL)
    assert conclusion(TRIAL) == (
        "random_page_cost = 1.1: 3 min → 99 s a day, by the workload's calls, 50.4 % less (measured, on a copy, warm).",
        WARM,
    )


@pytest.mark.parametrize("seconds", [None, 60.0], ids=["unknown", "a minute"])
def test_without_a_rate_the_time_is_that_of_all_calls(seconds: float | None) -> None:
    assert measured(replace(ONE, observed_seconds=seconds)) == (
        "random_page_cost = 1.1: 200.0 s → 99.2 s over the time observed, by the workload's calls"
    )


def test_what_gets_slower_is_named_the_worst_first() -> None:
    worse = replace(samples.SLOWED, text="SELECT 2", after=samples.timing(400.0))
    tried = replace(ONE, statements=(samples.DEAR, samples.SLOWED, worse), failed=FAILED)
    told = conclusion(replace(TRIAL, tried=(tried,)))
    assert told[1] == "It makes 2 statements slower, worst 0.01× (4.0 ms → 400 ms): SELECT 2"
    assert told[2].endswith(": canceling statement due to statement timeout.")
    assert numbers(tried) == (1, 3, 0)


def test_the_best_is_what_saves_most_of_its_own_time_alone_or_together() -> None:
    """A busy machine makes all times of one trial longer, what is saved too."""
    slow = replace(ONE, before_ms=2 * ONE.before_ms, settings={"jit": "off"})
    assert replace(TRIAL, tried=(ONE, slow)).best is ONE
    assert replace(TRIAL, tried=(slow,), together=ONE).best is ONE
    assert replace(TRIAL, tried=(replace(ONE, statements=()),)).best is None


def test_nothing_that_helps_is_said_to_help_nothing() -> None:
    trial = replace(TRIAL, tried=(samples.USELESS, replace(ONE, statements=(LOSING,))))
    assert not is_proved(trial)
    assert conclusion(trial)[0] == (
        "No setting helps: 19 statements measured with work_mem = 8MB, random_page_cost = 1.1."
    )


def test_other_results_are_told() -> None:
    differing = replace(ONE, statements=(replace(samples.DEAR, results_equal=False, verdict="results differ"),))
    trial = replace(TRIAL, tried=(differing,))
    assert not is_proved(trial)
    assert conclusion(trial)[1] == "Results differ with random_page_cost = 1.1."


def test_nothing_worth_trying_is_said() -> None:
    assert not is_proved(samples.NO_TRIAL)
    assert conclusion(samples.NO_TRIAL) == ("No setting was worth trying.",)
    cut_short = replace(samples.TRIAL, tried=(), together=None)
    assert conclusion(cut_short) == ("No setting could be tried.",)


def test_rows_that_the_copy_lacks_deny_it() -> None:
    trial = replace(TRIAL, lost_rows=(samples.LOST,))
    assert not is_proved(trial)
    assert conclusion(trial)[0].startswith("Not proved: the copy lacks rows of ")
