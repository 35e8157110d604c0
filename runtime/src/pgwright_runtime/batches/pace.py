"""How fast batches go: how long each may take, how many rows that is, and what they give way to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """The limits of batches.

    Raises: ValueError: a limit is out of its range.
    """

    batch_ms: float = 50
    """What a batch should take, milliseconds; the rows of the next one follow from it."""
    first_rows: int = 100
    """Rows of the first batch: small, since nothing is known yet."""
    most_rows: int = 10_000
    busy: float = 0.25
    """Share of the time that is spent in batches, in (0, 1]; the rest is left to the app."""
    lock_timeout_ms: int = 500
    """A statement of a batch waits no longer for a lock."""
    statement_timeout_ms: int = 10_000
    """A statement of a batch runs no longer, whatever the role's own `statement_timeout` is."""
    lag_bytes: int = 16 * 2**20
    """Wait while a replica has more of the write-ahead log to replay."""
    lag_s: float = 5
    """Wait while a replica says that it replays later than this."""
    active_sessions: int = 50
    """Wait while more sessions of the app run a statement at the same moment: lower it to the server's processors."""
    dead_rows_factor: float = 2
    """Wait while a table has more dead rows than so many times the threshold at which autovacuum comes."""
    dead_rows_floor: int = 100_000
    """Fewer dead rows are no reason to wait."""
    patience_s: float = 600
    """End when one reason to wait lasts longer."""

    def __post_init__(self) -> None:
        if not 0 < self.busy <= 1:
            raise ValueError(f"busy is {self.busy:g}; it is a share of the time, above 0 and up to 1")
        for name in (
            "batch_ms",
            "first_rows",
            "most_rows",
            "lock_timeout_ms",
            "statement_timeout_ms",
            "active_sessions",
        ):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it has to be above 0")

    def rest_s(self, took_s: float) -> float:
        """Return how long to rest after a batch, seconds.

        >>> Pace(busy=0.25).rest_s(0.05)
        0.15000000000000002
        """
        return took_s * (1 / self.busy - 1)


class RoundTrips:
    """What a batch's statements take however few its rows are: on a busy machine, more than its rows do.

    By that time the size of a batch must not shrink: it would end at one row, and the time would be the same.
    """

    # A batch has about so many round trips for each that opens its transaction and sets its limits.
    _TIMES = 3
    # A time that came by chance counts little.
    _SHARE = 0.2
    # Rows are never held to have taken less than this share of the time.
    _LEAST = 0.1

    def __init__(self) -> None:
        self._opening_s: float | None = None

    def opened(self, seconds: float) -> None:
        """Take over what opening a transaction took."""
        before = seconds if self._opening_s is None else self._opening_s
        self._opening_s = before + self._SHARE * (seconds - before)

    def without(self, took_s: float) -> float:
        """Return what the rows of a batch took.

        >>> trips = RoundTrips()
        >>> trips.opened(0.01)
        >>> round(trips.without(0.08), 3), round(trips.without(0.03), 3)
        (0.05, 0.003)
        """
        return max(took_s - self._TIMES * (self._opening_s or 0.0), self._LEAST * took_s)


class RowCost:
    """What a further row adds to a batch, by the last batches: the slope of their time over their rows.

    Older batches count less, by a tenth for each newer one. Source: least squares with exponential weights.
    """

    _KEPT = 0.9

    def __init__(self) -> None:
        self._weight = self._rows = self._seconds = self._squares = self._products = 0.0

    def took(self, rows: int, seconds: float) -> None:
        """Take over a batch."""
        sums = (self._weight, self._rows, self._seconds, self._squares, self._products)
        news = (1.0, rows, seconds, rows * rows, rows * seconds)
        self._weight, self._rows, self._seconds, self._squares, self._products = (
            self._KEPT * before + new for before, new in zip(sums, news, strict=True)
        )

    def is_unusual(self, seconds: float) -> bool:
        """True when a batch took more than twice as long as the last ones."""
        return self._weight == 0 or seconds > 2 * self._seconds / self._weight

    def of(self, rows: int) -> float:
        """Return what so many rows add, seconds; 0 where the batches do not show it.

        >>> cost = RowCost()
        >>> for rows in (100, 200, 50, 100):
        ...     cost.took(rows, 0.2 + rows * 0.0001)
        >>> round(cost.of(500), 6)
        0.05
        """
        spread = self._weight * self._squares - self._rows**2
        if spread <= 0:
            return 0.0
        return max(0.0, rows * (self._weight * self._products - self._rows * self._seconds) / spread)


class BatchSize:
    """How many rows the next batch takes: as many as fit in its time, by what the last ones took.

    On a busy machine a batch takes long however few its rows are. There it takes as many rows as add its time to that:
    if it shrank until the whole fitted, it would end at one row, and the work never.
    """

    # One slow batch is often an accident, and one fast batch often had the cache to itself.
    _LEAST, _MOST = 0.25, 2.0
    # A batch that failed cost its whole timeout: the size at which it did is come back to in small steps.
    _STEP = 1.05

    def __init__(self, pace: Pace) -> None:
        self._target_s, self._most = pace.batch_ms / 1000, pace.most_rows
        self._ceiling = float(pace.most_rows)
        self._cost = RowCost()
        self.rows = min(pace.first_rows, pace.most_rows)

    def took(self, seconds: float, *, was_full: bool) -> None:
        """Take over what a batch took; one with few rows says nothing about more rows."""
        by_rows = seconds
        if was_full:
            is_unusual = self._cost.is_unusual(seconds)
            self._cost.took(self.rows, seconds)
            if seconds > self._target_s and not is_unusual:
                by_rows = min(seconds, self._cost.of(self.rows))
        factor = min(self._MOST, max(self._LEAST, self._target_s / max(by_rows, 1e-6)))
        if factor < 1 or was_full:
            self.rows = max(1, min(self._most, int(self._ceiling), int(self.rows * factor)))
        self._ceiling *= self._STEP

    def failed(self) -> None:
        """Take half, since it was too many, and come back slowly."""
        self.halve()
        self._ceiling = float(self.rows)

    def stepped_over(self) -> None:
        """One row was to blame, not their number."""
        self._ceiling = float(self._most)

    def halve(self) -> None:
        self.rows = max(1, self.rows // 2)
