"""Whether paired runs differ by more than noise: Wilcoxon's signed-rank test, exact."""

from __future__ import annotations

import math
from collections.abc import Sequence


def signed_rank_p(before: Sequence[float], after: Sequence[float]) -> float:
    """Return how probable it is that noise alone sets before and after so far apart; two-sided, in (0, 1].

    The pairs are rounds: what disturbs a machine for a while disturbs both runs of a round. Their ratios are ranked by
    size, so that one run that was held up counts as one, however long. Ties share their mean rank; rounds without a
    difference are left out. With fewer than 8 rounds no result is below 0.01, whatever they say.

    Source: F. Wilcoxon, Individual Comparisons by Ranking Methods, Biometrics Bulletin 1 (1945); the null distribution
    is counted, not approximated.

    >>> signed_rank_p([2.0] * 8, [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7])
    0.0078125
    >>> signed_rank_p([1.0, 2.0], [2.0, 1.0])
    1.0
    """
    logs = [math.log(one / other) for one, other in zip(before, after, strict=True) if one > 0 and other > 0]
    logs = [log for log in logs if log]
    if not logs:
        return 1.0
    ranks = _doubled_ranks([abs(log) for log in logs])
    positive = sum(rank for rank, log in zip(ranks, logs, strict=True) if log > 0)
    extreme = min(positive, sum(ranks) - positive)
    below: int = sum(ways for total, ways in _ways(ranks).items() if total <= extreme)
    return min(1.0, float(2 * below / 2 ** len(ranks)))


def _doubled_ranks(sizes: Sequence[float]) -> list[int]:
    """Return twice the rank of each size, from 2; ties share their mean, which doubled is a whole number."""
    ordered = sorted(sizes)
    first = {size: place for place, size in reversed(list(enumerate(ordered, start=1)))}
    last = {size: place for place, size in enumerate(ordered, start=1)}
    return [first[size] + last[size] for size in sizes]


def _ways(ranks: Sequence[int]) -> dict[int, int]:
    """Return in how many ways the signs can fall so that the positive ranks have each sum."""
    ways = {0: 1}
    for rank in ranks:
        added = dict(ways)
        for total, number in ways.items():
            added[total + rank] = added.get(total + rank, 0) + number
        ways = added
    return ways
