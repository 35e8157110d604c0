import asyncio
import time

import pytest

from pgwright.model.proof import Timing
from pgwright.proof.timing import is_settled, measure_in_turn, timing, turns, verdict


def spread(median: float, half: float = 0.01) -> Timing:
    return Timing(7, median, median * (1 - half), median * (1 + half), None)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (spread(10), spread(1), "faster"),
        (spread(1), spread(10), "slower"),
        (spread(10), spread(9.8), "same"),
        (spread(10, half=0.5), spread(7, half=0.5), "same"),
        (spread(0.10), spread(0.06), "same"),
    ],
    ids=["clear", "worse", "small", "noisy", "tiny"],
)
def test_a_verdict_needs_a_ratio_a_time_and_quiet(before: Timing, after: Timing, said: str) -> None:
    assert verdict(before, after, results_equal=True) == said


def test_a_small_difference_is_looked_at_twice() -> None:
    assert is_settled(spread(10), spread(1), "faster")
    assert is_settled(spread(10), spread(9.9), "same")
    assert not is_settled(spread(10), spread(8), "faster")
    assert not is_settled(spread(8), spread(10), "slower")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (Timing(7, 11, 10.2, 11, None), Timing(7, 10, 9, 10.1, None), "faster"),
        (Timing(7, 11, 10, 11, None), Timing(7, 10, 9, 10, None), "same"),
        (Timing(7, 10, 9, 10.1, None), Timing(7, 11, 10.2, 11, None), "slower"),
        (Timing(7, 10, 9, 10, None), Timing(7, 11, 10, 11, None), "same"),
        (spread(10.9), spread(10), "same"),
        (spread(10), spread(10.9), "same"),
        (spread(0.15), spread(0.09), "faster"),
    ],
    ids=["a tenth", "quartiles touch", "a tenth worse", "touch, worse", "not a tenth", "not a tenth worse", "60 µs"],
)
def test_a_tenth_is_notable_where_quartiles_lie_apart(before: Timing, after: Timing, said: str) -> None:
    assert verdict(before, after, results_equal=True) == said


def test_three_times_as_fast_is_believed_at_once() -> None:
    assert is_settled(spread(3), spread(1), "faster")
    assert is_settled(spread(1), spread(3), "slower")
    assert not is_settled(spread(2.9), spread(1), "faster")


def test_a_slow_pair_is_run_three_times_at_least_and_no_more_when_the_time_is_up() -> None:
    pair = [True, False]
    assert list(turns(9, budget_seconds=-1.0)) == [*pair, *reversed(pair), *pair]
    assert list(turns(2, budget_seconds=-1.0)) == [*pair, *reversed(pair)]
    assert len(list(turns(9, budget_seconds=3600.0))) == 18


def test_different_results_are_no_gain_however_fast() -> None:
    assert verdict(spread(10), spread(1), results_equal=False) == "results differ"


def test_one_run_has_no_spread() -> None:
    assert timing([4.0]) == Timing(1, 4.0, 4.0, 4.0, None)


def test_both_sides_run_in_turn_and_the_warm_up_is_not_counted() -> None:
    order: list[str] = []

    async def before() -> None:
        order.append("b")
        time.sleep(0.02 if len(order) <= 2 else 0.002)

    async def after() -> None:
        order.append("a")

    one, other = asyncio.run(measure_in_turn(before, after, rounds=4))
    assert "".join(order) == "ba" + "baab" * 2
    assert (one.runs, other.runs) == (4, 4)
    assert one.median_ms < 15
    assert other.median_ms < one.median_ms
