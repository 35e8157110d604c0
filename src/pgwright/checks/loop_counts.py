"""Whether the calls of a statement are those of a loop over the rows of others, or come once a request.

Counters add up over all callers, so a statement's calls are a sum: those once a request or once beside a single row,
and those for each row of one list or of several. Of many possible sums some agree by chance, so the one is taken that
is the least likely to: the error of its total, times the number of sums of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import inf, log

from pgwright.checks.loop_rows import RowSource

# Fewer for each call of the lists are a page with a few details, not a loop.
CALLS_A_LIST = 3.0
# A list may be read without the loop now and then, and so may the loop's statement.
CLOSE = 0.1
CLOSE_PAIR = 0.05
# The app runs on while the counters are read.
EXACT = 0.005
# An error of a tenth is likely no chance where there is one list, one of a hundredth where there are ten.
LIKELY_CHANCE = 0.1
# Beyond this no list is named.
MOST_CHANCE = 0.5
# How many values the rows of a call hold is estimated as if they were drawn at random; related rows hold fewer.
FEWEST_OF_VALUES = 0.6
# Beside what comes once a request, the loop must be more than its noise.
LEAST_PART = 0.2
# Some requests fail on the way, some need no sign-in.
CLOSE_REQUESTS = 0.05
# Statements of the same requests.
SAME_CALLS = 0.01
# With so many calls for each transaction, several were in one.
MANY_A_TRANSACTION = 1.2
# Those with most rows are tried in pairs.
_MOST_PAIRED = 6


@dataclass(frozen=True)
class Requests:
    """What tells how many requests there were."""

    transactions: int
    """0: not counted, or none is opened."""
    counts: tuple[int, ...] = ()
    """How often each statement ran that no loop explains."""
    most_chance: float = MOST_CHANCE
    """What is explained by chance so easily is taken for no loop, unless it ran several times a transaction."""

    @property
    def together(self) -> int:
        """As if each statement had requests of its own, but those that ran equally often."""
        found: list[int] = []
        for calls in sorted(self.counts):
            if not found or not agrees(calls, found[-1], SAME_CALLS):
                found.append(calls)
        return sum(found)


@dataclass(frozen=True)
class Loop:
    """A sum that explains the calls of a statement."""

    calls: int
    """Of the statement."""
    once: float
    """Calls that come once a request, or once beside a single row."""
    sources: tuple[RowSource, ...]
    """The lists whose rows drive it, all of them together."""
    expected: float
    """Calls for the rows of the sources."""
    tolerance: float
    kinds: int
    """How many sums of its kind were tried."""
    by_value: bool = False
    """The sources explain a call for each different value rather than for each row."""
    instead: tuple[RowSource, ...] = ()
    """Other lists whose rows explain the calls about as well."""
    transactions: int = 0
    """Where the statement ran several times in one; else 0."""
    is_named: bool = True
    """False: something loops, and the counts do not tell over whose rows."""

    @property
    def looped(self) -> float:
        return self.calls - self.once

    @property
    def list_calls(self) -> int:
        """Calls of the lists: each would need one statement that fetches for all of its rows."""
        if not self.is_named and self.transactions:
            return self.transactions
        return max(sum(one.calls for one in self.sources), *(one.calls for one in self.instead), 0)

    @property
    def error(self) -> float:
        return abs(log(self.looped / self.expected)) if self.expected > 0 else inf

    @property
    def chance(self) -> float:
        """In proportion to the number of sums that would agree as well by chance."""
        return self.kinds * max(self.error, EXACT)

    @property
    def is_close(self) -> bool:
        return self.is_named and agrees(self.looped, self.expected, self.tolerance)

    @property
    def is_likely(self) -> bool:
        """Tell whether it agrees by more than chance, or where something loops in any case."""
        return self.is_close and (self.chance <= LIKELY_CHANCE or self.transactions > 0)

    @property
    def fits(self) -> bool:
        is_loop = self.looped >= max(CALLS_A_LIST * self.list_calls, LEAST_PART * self.calls)
        is_near = self.by_value and not self.once and FEWEST_OF_VALUES <= self.looped / max(self.expected, 1.0) <= 1
        return is_loop and (self.is_close or is_near)


def find_loop(calls: int, lists: Sequence[RowSource], singles: Sequence[RowSource], requests: Requests) -> Loop | None:
    """Return the loop that explains the calls of a statement best; None where there is none, or no need for one.

    Args:
        lists: statements whose rows may drive it.
        singles: statements of one row a call, beside each of which it may run once.
    """
    transactions = _transactions(lists, requests)
    is_many = 0 < MANY_A_TRANSACTION * transactions < calls
    if not is_many and _is_once(calls, singles, replace(requests, transactions=transactions)):
        return None
    beside = {0.0, sum(one.of_rows for one in singles), float(transactions)}
    most = MOST_CHANCE if is_many else requests.most_chance
    every = (loop for once in sorted(beside) if once < calls for loop in _loops(calls, lists, once))
    fitting = [loop for loop in every if loop.fits and loop.chance <= most]
    if not fitting:
        return _unnamed(calls, lists, transactions) if is_many else None
    best = min(fitting, key=lambda loop: loop.chance)
    return replace(_with_others(best, fitting), transactions=transactions if is_many else 0)


def agrees(one: float, other: float, tolerance: float) -> bool:
    return other > 0 and abs(one / other - 1) <= tolerance


def _transactions(lists: Sequence[RowSource], requests: Requests) -> int:
    """Return the number of transactions; 0 where the statements ran outside of them."""
    most = max((one.calls for one in lists), default=0)
    return requests.transactions if most <= MANY_A_TRANSACTION * requests.transactions else 0


def _is_once(calls: int, singles: Sequence[RowSource], requests: Requests) -> bool:
    """Tell whether a statement ran as often as there were requests, or as what returns a single row."""
    rows = [one.of_rows for one in singles]
    alone = rows if requests.transactions else [*rows, *requests.counts]
    all_of_them = (sum(rows), requests.transactions or requests.together)
    return any(agrees(calls, other, SAME_CALLS) for other in alone) or any(
        agrees(calls, other, CLOSE_REQUESTS) for other in all_of_them
    )


def _loops(calls: int, lists: Sequence[RowSource], once: float) -> Iterator[Loop]:
    ways = list(_ways(lists))
    for by_value, expected in ways:
        for groups, tolerance in _groups(lists):
            kinds = len(groups) * len(ways) * (2 if once else 1)
            for group in groups:
                yield Loop(calls, once, group, sum(map(expected, group)), tolerance, kinds, by_value)


def _ways(lists: Sequence[RowSource]) -> Iterator[tuple[bool, Callable[[RowSource], float]]]:
    yield False, lambda one: one.of_rows
    if any(one.of_values < one.of_rows for one in lists):
        yield True, lambda one: one.of_values


def _groups(lists: Sequence[RowSource]) -> Iterator[tuple[list[tuple[RowSource, ...]], float]]:
    """Yield lists that may drive a statement together: each one, all, pairs; and how well each kind must agree."""
    yield [(one,) for one in lists], CLOSE
    if len(lists) > 1:
        yield [tuple(lists)], CLOSE
    if len(lists) > 2:
        largest = sorted(lists, key=lambda one: -one.of_rows)[:_MOST_PAIRED]
        yield list(combinations(largest, 2)), CLOSE_PAIR


def _with_others(best: Loop, fitting: Sequence[Loop]) -> Loop:
    """Return a loop with the lists of others that explain the calls about as well; of a pair it is then not named."""
    others = [
        source
        for loop in fitting
        if len(loop.sources) == len(best.sources)
        and loop.is_close == best.is_close
        and loop.error <= best.error + CLOSE_PAIR / 2
        for source in loop.sources
        if source not in best.sources
    ]
    return replace(best, instead=tuple(dict.fromkeys(others)), is_named=not others or len(best.sources) == 1)


def _unnamed(calls: int, lists: Sequence[RowSource], transactions: int) -> Loop | None:
    """Return that a statement ran several times a transaction, where there are lists with rows enough to drive it."""
    rows = sum(one.of_rows for one in lists)
    found = Loop(calls, transactions, tuple(lists), rows, CLOSE, 1, transactions=transactions, is_named=False)
    return found if rows >= (1 - CLOSE) * found.looped else None
