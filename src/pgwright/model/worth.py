"""What a fault is worth mending: by the time that the remedy saves, a day and a call.

Times are measured, over the time that the counters counted; where nobody knows how long that was, the share of the
workload's time has to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgwright.figures import duration, milliseconds, share

_DAY_SECONDS = 86_400.0
# A call that gets faster by less gains less than its way to the server and back takes: nobody notices.
NOTICED_MS = 0.2
# So much faster people call a page fast that they called slow (Nielsen, Usability Engineering, 1993: 0.1 s).
FELT_MS = 50.0
# Seconds a day: ten minutes are a hundredth of a core, half a minute is nobody's bottleneck.
HIGH_SECONDS, MEDIUM_SECONDS = 600.0, 30.0
# Of the workload's time, where the calls are slow enough to be felt, or where no time a day is known.
HIGH_SHARE, MEDIUM_SHARE = 0.1, 0.01


@dataclass(frozen=True)
class Worth:
    """What mending something saves."""

    saved_ms: float
    """Over the time observed, of all calls together."""
    saved_a_call_ms: float
    """Of the statement that gains most a call."""
    share_of_workload: float
    """`saved_ms` of the workload's time, in [0, 1]."""
    observed_seconds: float | None
    """How long the workload was observed; None: nobody knows."""

    @property
    def seconds_a_day(self) -> float | None:
        """Time saved a day, at the rate observed."""
        if not self.observed_seconds:
            return None
        return self.saved_ms / 1000 * _DAY_SECONDS / self.observed_seconds

    @property
    def severity(self) -> Literal["high", "medium", "low"]:
        """How bad the fault is. What nobody would notice is low, whatever its share."""
        a_day, is_felt = self.seconds_a_day, self.saved_a_call_ms >= FELT_MS
        if self.saved_a_call_ms < NOTICED_MS:
            return "low"
        if a_day is None:
            high, medium = self.share_of_workload >= HIGH_SHARE, self.share_of_workload >= MEDIUM_SHARE
        else:
            high = a_day >= HIGH_SECONDS or (is_felt and self.share_of_workload >= HIGH_SHARE)
            medium = a_day >= MEDIUM_SECONDS
        if high:
            return "high"
        return "medium" if medium or (is_felt and self.share_of_workload >= MEDIUM_SHARE) else "low"

    @property
    def saving(self) -> str:
        """The time saved as one figure: `2.5 h a day`, or where nobody knows that, all that was observed."""
        a_day = self.seconds_a_day
        return milliseconds(self.saved_ms) if a_day is None else f"{duration(a_day)} a day"

    def __str__(self) -> str:
        """Return it as a report says it: `2.5 h a day, 12.0 % of the workload's time`."""
        return f"{self.saving}, {share(self.share_of_workload)} of the workload's time"
