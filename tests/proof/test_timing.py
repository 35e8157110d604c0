import asyncio
import time
from collections.abc import Sequence

import pytest

from pgwright.model.proof import Timing
from pgwright.proof.timing import Rounds, measure_in_turn, timing


def rounds_of(before: Sequence[float], after: Sequence[float], *, buffers: tuple[int, int] | None = None) -> Rounds:
    made = Rounds(len(before), buffers=buffers or (None, None))
    for one, other in zip(before, after, strict=True):
        made.add(one, is_before=True)
        made.add(other, is_before=False)
    return made


def around(median: float, *, noise: float = 0.02, runs: int = 14) -> list[float]:
    """Return runs around a time, each off by another share of it."""
    middle = (runs - 1) / 2
    return [median * (1 + noise * (n - middle) / middle) for n in range(runs)]


def taken(before: Sequence[float], after: Sequence[float], wanted: int) -> Rounds:
    """Take turns with these times, as long as turns are wanted."""
    made = Rounds(wanted)
    times = {True: iter(before), False: iter(after)}
    for is_before in made.turns():
        made.add(next(times[is_before]), is_before=is_before)
    return made


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (around(10), around(1), "faster"),
        (around(1), around(10), "slower"),
        (around(10), around(8), "faster"),
        (around(8), around(10), "slower"),
        (around(10), around(9.8), "same"),
        (around(10.9), around(10), "same"),
        (around(0.10), around(0.06), "same"),
        (around(0.15), around(0.09), "faster"),
        (around(10, noise=0.6), list(reversed(around(8, noise=0.6))), "unclear"),
    ],
    ids=["clear", "worse", "a fifth", "a fifth worse", "small", "not a tenth", "tiny", "60 µs", "noisy"],
)
def test_a_verdict_needs_a_ratio_a_time_and_more_than_noise(before: list[float], after: list[float], said: str) -> None:
    assert rounds_of(before, after).verdict() == said


def test_the_same_plan_gets_no_slower_by_fewer_blocks_nor_faster_by_more() -> None:
    def said(before: float, after: float, buffers: tuple[int, int]) -> str:
        made = rounds_of(around(before), around(after), buffers=buffers)
        assert made.verdict() in ("faster", "slower"), "another plan may"
        made.is_same_plan = True
        return made.verdict()

    assert said(0.2, 0.5, (4, 3)) == said(0.2, 0.5, (4, 4)) == "unclear"
    assert said(0.5, 0.2, (4, 4)) == said(0.5, 0.2, (4, 5)) == "unclear"
    assert said(0.2, 0.5, (4, 9)) == "slower"
    assert said(0.5, 0.2, (9, 4)) == "faster"


def test_other_blocks_in_the_same_time_are_unclear() -> None:
    """23 times fewer blocks are another plan, whatever the clock of a busy machine says."""
    assert rounds_of(around(10), around(10), buffers=(457, 20)).verdict() == "unclear"
    assert rounds_of(around(10), around(10), buffers=(20, 457)).verdict() == "unclear"
    assert rounds_of(around(10), around(10), buffers=(457, 300)).verdict() == "same"
    assert rounds_of(around(0.01), around(0.01), buffers=(12, 3)).verdict() == "same", "nine blocks are nothing"


def test_different_results_are_no_gain_however_fast() -> None:
    assert rounds_of(around(10), around(1)).verdict(results_equal=False) == "results differ"


def test_what_is_clear_is_looked_at_once() -> None:
    assert taken(around(10), around(1), 3).timings[0].runs == 3
    assert taken(around(10), around(10), 3).timings[0].runs == 3


def test_a_small_difference_is_looked_at_twice() -> None:
    small = taken(around(10, runs=40), around(8, runs=40), 8)
    assert (small.verdict(), small.timings[0].runs) == ("faster", 16)


def test_doubt_leads_to_four_times_as_many_rounds_and_no_more() -> None:
    noisy = taken([10, 14] * 20, [12, 9] * 20, 3)
    assert noisy.timings[0].runs == 12
    assert noisy.verdict() == "unclear"


def test_few_rounds_do_where_the_slowest_is_twice_as_fast_as_the_fastest_was() -> None:
    assert rounds_of([10, 11, 12], [3, 4, 5]).verdict() == "faster"
    assert rounds_of([10, 11, 12], [3, 4, 5.1]).verdict() == "unclear"
    assert rounds_of([3, 4, 5], [10, 11, 12]).verdict() == "slower"


def test_a_slow_pair_is_run_three_times_at_least_and_no_more_when_the_time_is_up() -> None:
    made = Rounds(9, budget_seconds=-1.0)
    order = []
    for is_before in made.turns():
        order.append(is_before)
        made.add(10.0, is_before=is_before)
    pair = [True, False]
    assert order == [*pair, *reversed(pair), *pair]


def test_one_run_has_no_spread() -> None:
    assert timing([4.0]) == Timing(1, 4.0, 4.0, 4.0, None)


def test_both_sides_run_in_turn_and_the_warm_up_is_not_counted() -> None:
    order: list[str] = []

    async def before() -> None:
        order.append("b")
        time.sleep(0.1 if len(order) <= 2 else 0.01)

    async def after() -> None:
        order.append("a")

    rounds = Rounds(4)
    asyncio.run(measure_in_turn(before, after, rounds))
    one, other = rounds.timings
    assert "".join(order) == "ba" + "baab" * 2
    assert (one.runs, other.runs) == (4, 4)
    assert one.median_ms < 60
    assert other.median_ms < one.median_ms
