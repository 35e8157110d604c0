"""Interleaved timing: before and after in turn, warm, so that a noisy machine disturbs both alike."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from statistics import median, quantiles

from pgwright.model.proof import Timing, Verdict

# Differences smaller than these are within the noise of a shared machine.
_NOTABLE = 1.1
_NOTABLE_MS = 0.05
# A ratio beyond which nobody asks whether it was noise.
_CLEAR = 3.0
ROUNDS = 7
# One pair of runs may not hold up the proof: after so long fewer rounds have to do, but never fewer than three.
BUDGET_SECONDS = 12.0
_FEWEST_ROUNDS = 3

Run = Callable[[], Awaitable[object]]


def turns(rounds: int, budget_seconds: float = BUDGET_SECONDS) -> Iterator[bool]:
    """Yield whose turn it is, True for before: both once a round, the order changing from round to round."""
    started = time.monotonic()
    for number in range(rounds):
        if number >= _FEWEST_ROUNDS and time.monotonic() - started > budget_seconds:
            break
        yield from (True, False) if number % 2 == 0 else (False, True)


async def measure_in_turn(before: Run, after: Run, rounds: int = ROUNDS) -> tuple[Timing, Timing]:
    """Run both in turn and time each; a first round of both warms the caches and is not counted.

    Returns medians with quartiles, in milliseconds.
    """
    await before()
    await after()
    taken: dict[bool, list[float]] = {True: [], False: []}
    for is_before in turns(rounds):
        run = before if is_before else after
        began = time.perf_counter()
        await run()
        taken[is_before].append((time.perf_counter() - began) * 1000)
    return timing(taken[True]), timing(taken[False])


def is_settled(before: Timing, after: Timing, said: Verdict) -> bool:
    """Tell whether a verdict may stand at once; a small gain or loss is believed only after a second, longer look."""
    clear = max(before.median_ms, after.median_ms) >= _CLEAR * min(before.median_ms, after.median_ms)
    return clear or said not in ("faster", "slower")


def timing(milliseconds: list[float], buffers: int | None = None) -> Timing:
    """Return the median and the quartiles of some runs.

    >>> timing([3.0, 1.0, 2.0])
    Timing(runs=3, median_ms=2.0, low_ms=1.5, high_ms=2.5, buffers=None)
    """
    if len(milliseconds) == 1:
        return Timing(1, milliseconds[0], milliseconds[0], milliseconds[0], buffers)
    low, _, high = quantiles(milliseconds, n=4, method="inclusive")
    return Timing(len(milliseconds), median(milliseconds), low, high, buffers)


def verdict(before: Timing, after: Timing, *, results_equal: bool) -> Verdict:
    """Say whether after is faster: by a notable ratio and time, and with quartiles that do not overlap."""
    if not results_equal:
        return "results differ"
    if abs(before.median_ms - after.median_ms) < _NOTABLE_MS:
        return "same"
    if before.median_ms >= _NOTABLE * after.median_ms and before.low_ms > after.high_ms:
        return "faster"
    if after.median_ms >= _NOTABLE * before.median_ms and after.low_ms > before.high_ms:
        return "slower"
    return "same"
