"""When a breaker opens, and for how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BreakerSettings:
    """All times are of a clock that is never set.

    Raises: ValueError: a number is out of its range.
    """

    failures: int = 5
    """It opens after so many failures with no success between them, all within `window_s`."""
    share: float = 0.5
    """It opens, too, when this part of the calls of the last `window_s` failed, from 0 to 1."""
    least_calls: int = 20
    """Below so many calls within `window_s` a share means nothing."""
    window_s: float = 10.0
    pause_s: float = 0.25
    """How long it stays open first; doubled by each probe that fails, and jittered by up to a quarter less."""
    longest_pause_s: float = 1.0
    """A pause grows no longer than this."""
    probe_s: float = 10.0
    """A probe that has not ended by then is given up, and another call may probe."""

    def __post_init__(self) -> None:
        if self.failures < 1 or self.least_calls < 1:
            raise ValueError("failures and least_calls are at least 1")
        if not 0 < self.share <= 1:
            raise ValueError(f"share is more than 0 and at most 1, not {self.share!r}")
        if not 0 < self.pause_s <= self.longest_pause_s:
            raise ValueError("pause_s is more than 0 and at most longest_pause_s")
        if self.window_s <= 0 or self.probe_s <= 0:
            raise ValueError("window_s and probe_s are more than 0 seconds")
