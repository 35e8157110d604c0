"""Interleaved timing: before and after in turn, warm, so that a noisy machine disturbs both alike."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from pgwright.model.proof import Timing, Verdict
from pgwright.proof.significance import signed_rank_p

# Differences smaller than these are of no account, however sure.
_NOTABLE = 1.1
_NOTABLE_MS = 0.05
# What noise makes of nothing in one pair of a hundred.
_MOST_CHANCE = 0.01
# The slowest run of one side against the fastest of the other: beyond that nobody asks whether it was noise.
_CLEAR = 2.0
# Blocks tell of other work where they differ by this factor, and by so many that reading them from the cache takes
# about as long as `_NOTABLE_MS`.
_OTHER_WORK, _NOTABLE_BLOCKS = 3.0, 100
ROUNDS = 7
# A doubtful pair is looked at again, with twice and at last four times as many rounds.
_LOOKS = (1, 2, 4)
# One pair of runs may not hold up the proof: after so long fewer rounds have to do, but never fewer than three.
BUDGET_SECONDS = 12.0
_FEWEST_ROUNDS = 3

Run = Callable[[], Awaitable[object]]


@dataclass
class Rounds:
    """The runs of one thing on both copies, in milliseconds: each round has one of both, in turn."""

    wanted: int = ROUNDS
    budget_seconds: float = BUDGET_SECONDS
    """For the first look; in doubt four times as long."""
    buffers: tuple[int | None, int | None] = (None, None)
    is_same_plan: bool = False
    """Whether both read their tables and join them the same way."""
    taken: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})
    """True for before."""

    def turns(self) -> Iterator[bool]:
        """Yield whose turn it is, True for before, until the verdict is clear or the last look is over.

        The order changes from round to round. Whoever takes a turn adds how long it took.
        """
        started = time.monotonic()
        number = 0
        for look in _LOOKS:
            while number < look * self.wanted:
                is_late = time.monotonic() - started > look * self.budget_seconds
                if number >= _FEWEST_ROUNDS and is_late:
                    break
                yield from (True, False) if number % 2 == 0 else (False, True)
                number += 1
            if self.verdict() != "unclear" and not self._is_small(look):
                return

    def add(self, milliseconds: float, *, is_before: bool) -> None:
        self.taken[is_before].append(milliseconds)

    @property
    def timings(self) -> tuple[Timing, Timing]:
        """Before and after."""
        return timing(self.taken[True], self.buffers[0]), timing(self.taken[False], self.buffers[1])

    def verdict(self, *, results_equal: bool = True) -> Verdict:
        """Say whether after is faster: by a notable ratio and time, and by more than noise."""
        if not results_equal:
            return "results differ"
        before, after = median(self.taken[True]), median(self.taken[False])
        if max(before, after) < _NOTABLE * min(before, after) or abs(before - after) < _NOTABLE_MS:
            return "unclear" if self._is_other_work() else "same"
        is_sure = self._is_clear() or signed_rank_p(self.taken[True], self.taken[False]) <= _MOST_CHANCE
        if is_sure and not self._contradicts_work(is_slower=after > before):
            return "faster" if before > after else "slower"
        return "unclear"

    def _contradicts_work(self, *, is_slower: bool) -> bool:
        """Tell whether the same plan took longer for no more blocks, or less time for no fewer: other work did that."""
        one, other = self.buffers
        if not self.is_same_plan or one is None or other is None:
            return False
        return other <= one if is_slower else other >= one

    def _is_small(self, look: int) -> bool:
        """Tell whether a gain or loss is to be believed only after a second, longer look."""
        return look == _LOOKS[0] and self.verdict() in ("faster", "slower") and not self._is_clear()

    def _is_clear(self) -> bool:
        one, other = self.taken[True], self.taken[False]
        return min(one) >= _CLEAR * max(other) or min(other) >= _CLEAR * max(one)

    def _is_other_work(self) -> bool:
        one, other = self.buffers
        if one is None or other is None:
            return False
        return max(one, other) >= _OTHER_WORK * min(one, other) and abs(one - other) >= _NOTABLE_BLOCKS


async def measure_in_turn(before: Run, after: Run, rounds: Rounds) -> None:
    """Run both in turn and time each; a first round of both warms the caches and is not counted."""
    await before()
    await after()
    for is_before in rounds.turns():
        run = before if is_before else after
        began = time.perf_counter()
        await run()
        rounds.add((time.perf_counter() - began) * 1000, is_before=is_before)


def timing(milliseconds: Sequence[float], buffers: int | None = None) -> Timing:
    """Return the median and the quartiles of some runs.

    >>> timing([3.0, 1.0, 2.0])
    Timing(runs=3, median_ms=2.0, low_ms=1.5, high_ms=2.5, buffers=None)
    """
    if len(milliseconds) == 1:
        return Timing(1, milliseconds[0], milliseconds[0], milliseconds[0], buffers)
    low, _, high = quantiles(milliseconds, n=4, method="inclusive")
    return Timing(len(milliseconds), median(milliseconds), low, high, buffers)
