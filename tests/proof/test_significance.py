from itertools import product

import pytest

from pgwright.proof.significance import signed_rank_p


def test_the_distribution_is_that_of_all_signs() -> None:
    """Counted by hand, for five rounds without ties: the rank sum of all 32 ways to set the signs."""
    before, after = [1.1, 1.2, 1.3, 1.4, 0.5], [1.0] * 5
    sums = [
        sum(rank for rank, sign in zip(range(1, 6), signs, strict=True) if sign) for signs in product((0, 1), repeat=5)
    ]
    # 0.5 is farthest from 1, so its rank is 5, and it alone is negative.
    expected = 2 * sum(total <= 5 for total in sums) / 32
    assert signed_rank_p(before, after) == pytest.approx(expected)


def test_eight_rounds_that_agree_are_no_chance_and_seven_may_be() -> None:
    assert signed_rank_p([1.2] * 8, [1.0] * 8) <= 0.01
    assert signed_rank_p([1.2] * 7, [1.0] * 7) > 0.01


def test_one_run_that_was_held_up_counts_as_one() -> None:
    after = [1.0 + n / 100 for n in range(20)]
    held_up = [1.3 + n / 100 for n in range(19)] + [0.001]
    assert signed_rank_p(held_up, after) <= 0.01


def test_before_and_after_are_treated_alike() -> None:
    one, other = [1.0, 2.0, 3.0, 4.0], [1.1, 1.8, 3.5, 3.9]
    assert signed_rank_p(one, other) == signed_rank_p(other, one)


def test_no_difference_is_chance() -> None:
    assert signed_rank_p([1.0, 1.0], [1.0, 1.0]) == 1.0
