"""The values that a parameter may stand for, each with the share of the calls that probably ask for it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pgwright.model.statistics import ColumnStatistics, in_order
from pgwright.workload.literals import EMPTY

# Columns with more values than this are no status columns.
MOST_STATUS_VALUES = 20
# A column is skewed where its most common value is so many times as common as a value is on average.
SKEW = 2.0
# Shares of a column's values that a range takes, and of its calls: mostly a page or a day, seldom nearly everything.
_WIDTHS = ((0.01, 0.6), (1 / 3, 0.3), (0.9, 0.1))
# The planner's own guess for a bound that it does not know (DEFAULT_INEQ_SEL, src/include/utils/selfuncs.h).
_THIRD = 1 / 3
_PREFIX, _LONGEST_PREFIX = 4, 12
_TRIGRAM, _SOME_LETTERS = 3, "abcd"
_MOST_WINDOWS = 40
# Of the rows, what a prefix is typed for.
_FEW = 0.05
_TIME_TYPES = ("date", "timestamp", "timestamptz")
_MIDDLE = 0.5
_LEAST_ROWS = 0.1
_LARGEST_TILT = 60.0
_WILD = re.compile(r"([\\%_])")


def _asked_for(values: Iterable[str]) -> Iterator[str]:
    """Yield the values that apps ask for: not the empty ones."""
    return (value for value in values if value not in EMPTY)


def middle_value(known: ColumnStatistics) -> str | None:
    """Return a value that is neither the most common one nor the rarest; None where the statistics hold none."""
    group = tuple(_asked_for(known.common_values or known.histogram or ()))
    return group[len(group) // 2] if group else None


@dataclass(frozen=True)
class ValueChoice:
    """Values for parameters that go together: one, the members of a list, or the two ends of a range."""

    values: tuple[str, ...]
    weight: float
    """Share of the calls, in [0, 1]."""
    row_share: float
    """Of the table's rows that have it."""


@dataclass(frozen=True)
class Distribution:
    """What the statistics tell of a column's values."""

    known: ColumnStatistics
    rows: float
    """Of the table."""
    type: str
    """As `Column.base_type`."""

    @cached_property
    def common(self) -> tuple[tuple[str, float], ...]:
        """The common values with their shares of the rows, the most common first."""
        pairs = zip(self.known.common_values or (), self.known.common_frequencies or (), strict=False)
        return tuple(sorted(pairs, key=lambda pair: -pair[1]))

    @property
    def distinct(self) -> float:
        return max(self.known.distinct_count(self.rows), 1.0)

    @cached_property
    def rest(self) -> float:
        """Share of the rows with values that are not among the common ones."""
        return max(1 - self.known.null_fraction - sum(share for _, share in self.common), 0.0)

    @property
    def share_of_rare(self) -> float:
        return self.rest / max(self.distinct - len(self.common), 1.0)

    def share(self, value: str) -> float:
        """Return the share of the rows that have a value, as the planner reckons it."""
        return dict(self.common).get(value, self.share_of_rare)

    @property
    def is_skewed(self) -> bool:
        """Whether the most common value has `SKEW` times the rows of an average one of the others."""
        if not self.common or self.distinct <= 1:
            return False
        most = self.common[0][1]
        return most >= SKEW * (1 - self.known.null_fraction - most) / (self.distinct - 1)

    def from_the_middle(self) -> Iterator[str]:
        """Yield values from the middle: of the histogram when most rows are there, else of the common ones."""
        bounds, common = self.known.histogram or (), self.known.common_values or ()
        is_rare = bounds and sum(self.known.common_frequencies or ()) < _MIDDLE
        for group in (bounds, common) if is_rare else (common, bounds):
            middle = len(group) // 2
            yield from _asked_for(group[middle:] + group[:middle])
        yield from (value for value in (*common, *bounds) if value in EMPTY)

    @property
    def is_time(self) -> bool:
        return self.type in _TIME_TYPES

    def bounds(self) -> tuple[str, ...]:
        """Return values in order, equal shares of the rows between them."""
        if self.known.histogram and len(self.known.histogram) > 1:
            return self.known.histogram
        return in_order(self.known.common_values or ())


def equal_to(values: Distribution) -> tuple[ValueChoice, ...]:
    """Return what `column = $1` asks for.

    Without skew (`SKEW`) any value will do. Otherwise a very common value, a middle one and a rare one: a key is asked
    for in proportion to its rows, for busy parents have the more readers. Each value of a status column (at most 20)
    counts alike: apps ask for the few pending rows at least as often as for the many done ones.
    """
    if not values.is_skewed:
        found = next(values.from_the_middle())
        return (ValueChoice((found,), 1.0, values.share(found)),)
    common = tuple(pair for pair in values.common if pair[0] not in EMPTY)
    if not common and not values.known.histogram:
        common = values.common
    is_status = values.distinct <= MOST_STATUS_VALUES
    strata: list[tuple[str, float]] = []
    for group in _by_rank(common) if common else ():
        value, _ = group[len(group) // 2]
        strata.append((value, float(len(group)) if is_status else sum(share for _, share in group)))
    if values.known.histogram and values.rest > 0:
        bounds = tuple(_asked_for(values.known.histogram)) or values.known.histogram
        strata.append((bounds[len(bounds) // 2], values.distinct - len(common) if is_status else values.rest))
    total = sum(weight for _, weight in strata)
    return tuple(ValueChoice((value,), weight / total, values.share(value)) for value, weight in strata)


def _by_rank(common: Sequence[tuple[str, float]]) -> Iterator[Sequence[tuple[str, float]]]:
    """Split common values in two: those within a factor (`SKEW`) of the most common one, and the others."""
    top = [pair for pair in common if pair[1] * SKEW >= common[0][1]]
    yield top
    if len(top) < len(common):
        yield common[len(top) :]


def between(values: Distribution) -> tuple[ValueChoice, ...]:
    """Return both ends of a range: of some widths, up to the latest for a time, else around the middle."""
    bounds = values.bounds()
    steps = len(bounds) - 1
    if steps < 1:
        return tuple(ValueChoice((bound, bound), 1.0, 1.0) for bound in bounds)
    found: list[ValueChoice] = []
    for width, weight in _WIDTHS:
        size = max(1, round(width * steps))
        low = steps - size if values.is_time else (steps - size) // 2
        found.append(ValueChoice((bounds[low], bounds[low + size]), weight, size / steps))
    return _distinct(found)


def beyond(values: Distribution, symbol: str, *, is_paged: bool) -> tuple[ValueChoice, ...]:
    """Return the one end of an open range.

    Args:
        is_paged: a LIMIT ends the reading; people turn the first pages, which for times are the latest.
    """
    bounds = values.bounds()
    steps = len(bounds) - 1
    is_above = symbol.startswith(">")
    if steps < 1:
        return tuple(ValueChoice((bound,), 1.0, 1.0) for bound in bounds)
    widths: Sequence[tuple[float, float]] = _WIDTHS
    if is_paged:
        widths = ((0.9 if values.is_time and not is_above else _THIRD, 1.0),)
    found: list[ValueChoice] = []
    for width, weight in widths:
        size = max(1, round(width * steps))
        found.append(ValueChoice((bounds[steps - size] if is_above else bounds[size],), weight, size / steps))
    return _distinct(found)


def starting_with(values: Distribution, observed: float | None) -> tuple[ValueChoice, ...]:
    """Return a pattern `abc%`, as long as fits the observed rows a call, where they tell."""
    sample = _text_of(values, 1)
    longest = max(min(len(sample), _LONGEST_PREFIX), 1)
    lengths = range(min(_PREFIX, longest) if observed is None else 1, longest + 1)
    shares = {sample[:length]: _share_of_prefix(values, sample[:length]) for length in lengths}
    if observed is None:  # people type on until few are left
        prefix = next((one for one, share in shares.items() if share <= _FEW), sample[:longest])
        return (ValueChoice((_escaped(prefix) + "%",), 1.0, shares[prefix]),)
    wanted = max(observed, _LEAST_ROWS)
    prefix = min(
        shares, key=lambda one: abs(math.log(max(shares[one] * values.rows, _LEAST_ROWS) / wanted)), default=""
    )
    return (ValueChoice((_escaped(prefix) + "%",), 1.0, shares.get(prefix, 1.0)),)


def containing(values: Distribution, *, is_regular: bool = False) -> tuple[ValueChoice, ...]:
    """Return a pattern `%abc%`, or a regular expression `abc`, of letters that occur."""
    found = letters(values)
    return (ValueChoice((re.escape(found) if is_regular else f"%{_escaped(found)}%",), 1.0, 0.0),)


def letters(values: Distribution) -> str:
    """Return some letters of a value, those that the fewest values have; as many as a trigram needs, or more."""
    sample = _text_of(values, _TRIGRAM)
    starts = range(max(len(sample) - _PREFIX, 0) + 1)
    windows = [sample[start : start + _PREFIX] for start in starts][:_MOST_WINDOWS]
    return min(windows, key=lambda window: sum(window in value for value in values.known.sample))


def _text_of(values: Distribution, length: int) -> str:
    """Return a value from the middle with so many letters; some letters where there is none, for `%` is no search."""
    return next((one for one in values.from_the_middle() if len(one.strip()) >= length), _SOME_LETTERS)


def fitted(
    choices: tuple[ValueChoice, ...], rows: float, observed: float, *, is_limited: bool
) -> tuple[ValueChoice, ...]:
    """Weigh choices anew, so that their mean of expected rows is what was observed.

    The weights are tilted as little as possible: w′ ∝ w × exp(λ × rows of the choice), the distribution nearest to the
    first one in relative entropy among those with that mean. Where even the extreme choice has more or less than was
    observed, it alone is left. Below a LIMIT a value has at least the rows that came back, and no more is known.
    """
    expected = [max(rows * choice.row_share, _LEAST_ROWS) for choice in choices]
    if is_limited:
        able = [choice for choice, rows_of in zip(choices, expected, strict=True) if rows_of >= observed]
        left = able or [max(choices, key=lambda choice: choice.row_share)]
        total = sum(choice.weight for choice in left)
        return tuple(ValueChoice(one.values, one.weight / total, one.row_share) for one in left)
    least, most = min(expected), max(expected)
    if observed <= least or observed >= most:
        extreme = choices[expected.index(least if observed <= least else most)]
        return (ValueChoice(extreme.values, 1.0, extreme.row_share),)
    low, high = -_LARGEST_TILT, _LARGEST_TILT
    weights: list[float] = []
    for _ in range(60):
        tilt = (low + high) / 2
        raw = [c.weight * math.exp(tilt * (e - most) / (most - least)) for c, e in zip(choices, expected, strict=True)]
        weights = [one / sum(raw) for one in raw]
        mean = sum(w * e for w, e in zip(weights, expected, strict=True))
        low, high = (tilt, high) if mean < observed else (low, tilt)
    return tuple(ValueChoice(c.values, w, c.row_share) for c, w in zip(choices, weights, strict=True))


def _distinct(choices: Sequence[ValueChoice]) -> tuple[ValueChoice, ...]:
    """Put choices of equal values together."""
    found: dict[tuple[str, ...], ValueChoice] = {}
    for one in choices:
        before = found.get(one.values)
        weight = one.weight + (before.weight if before else 0.0)
        found[one.values] = ValueChoice(one.values, weight, one.row_share)
    return tuple(found.values())


def _share_of_prefix(values: Distribution, prefix: str) -> float:
    of_common = sum(share for value, share in values.common if value.startswith(prefix))
    bounds = values.known.histogram or ()
    of_rest = sum(value.startswith(prefix) for value in bounds) / len(bounds) * values.rest if bounds else 0.0
    # A prefix longer than the histogram can tell apart has fewer rows with each letter.
    return of_common + of_rest


def _escaped(text: str) -> str:
    return _WILD.sub(r"\\\1", text)
