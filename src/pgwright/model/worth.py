"""What a fault is worth mending: by the time that the remedy saves, a day and a call.

Times are measured, over the time that the counters counted. Where that is unknown, or too short to tell what a day is
like, the share of the workload's time has to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pgwright.figures import duration, milliseconds, share

_DAY_SECONDS = 86_400.0
# Less shows no rate: the minutes after a deploy, a test that runs as fast as it can.
FEWEST_SECONDS = 3_600.0
# A call that gets faster by less gains less than its way to the server and back takes: nobody notices.
NOTICED_MS = 0.2
# What a statement with a fitting index takes, with room: so much more is one that lacks it.
_SLOW_MS = 5.0
# A page of some such statements is felt to wait (Nielsen, Usability Engineering, 1993: 0.1 s).
_FELT_MS = 50.0
# Seconds a day: an hour is 4 % of a core; ten minutes are worth a look where the calls are slow, too.
_HIGH_SECONDS, _HIGH_SLOW_SECONDS, MEDIUM_SECONDS = 3_600.0, 600.0, 30.0
# Of the workload's time, where the calls are slow, too.
_HIGH_SHARE, MEDIUM_SHARE = 0.1, 0.01
# Less is not worth doing.
_LEAST_SECONDS, _LEAST_SHARE = 1.0, 0.0005


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
    def has_rate(self) -> bool:
        """Whether it was observed long enough to tell what a day is like."""
        return self.observed_seconds is not None and self.observed_seconds >= FEWEST_SECONDS

    @property
    def is_notable(self) -> bool:
        """Whether anybody would notice."""
        if self.saved_a_call_ms < NOTICED_MS:
            return False
        a_day = self.seconds_a_day
        if a_day is None or not self.has_rate:
            return self.share_of_workload >= _LEAST_SHARE
        return a_day >= _LEAST_SECONDS

    @property
    def severity(self) -> Literal["high", "medium", "low"]:
        """How bad the fault is. What nobody would notice is low, whatever its share."""
        a_call, part = self.saved_a_call_ms, self.share_of_workload
        if a_call < NOTICED_MS:
            return "low"
        a_day = self.seconds_a_day
        if a_day is None or not self.has_rate:
            is_high = a_call >= _SLOW_MS and part >= _HIGH_SHARE
            is_medium = a_call >= _FELT_MS or (a_call >= 1 and part >= MEDIUM_SHARE)
        else:
            is_high = a_day >= (_HIGH_SLOW_SECONDS if a_call >= _SLOW_MS else _HIGH_SECONDS)
            is_high = is_high or (a_call >= _FELT_MS and part >= _HIGH_SHARE)
            is_medium = a_day >= MEDIUM_SECONDS or (a_call >= _FELT_MS and part >= MEDIUM_SHARE)
        if is_high:
            return "high"
        return "medium" if is_medium else "low"

    @property
    def saving(self) -> str:
        """The time saved, short: `2.5 h a day`; or where nobody knows what a day is like, of a call and as a share."""
        if (a_day := self.seconds_a_day) is not None and self.has_rate:
            return f"{duration(a_day)} a day"
        return f"{milliseconds(self.saved_a_call_ms)} a call, {share(self.share_of_workload)} of the time"

    def __str__(self) -> str:
        """Return it as a report says it: `2.5 h a day, 12.0 % of the workload's time`."""
        if self.has_rate:
            time = self.saving
        else:
            over = f" in {duration(self.observed_seconds)}" if self.observed_seconds else ""
            time = f"{milliseconds(self.saved_ms)}{over}"
        return f"{time}, {share(self.share_of_workload)} of the workload's time"


def total(worths: Sequence[Worth]) -> Worth | None:
    """Return what all of them save together, observed over one time; None where there is none."""
    if not worths:
        return None
    return Worth(
        saved_ms=sum(one.saved_ms for one in worths),
        saved_a_call_ms=max(one.saved_a_call_ms for one in worths),
        share_of_workload=sum(one.share_of_workload for one in worths),
        observed_seconds=worths[0].observed_seconds,
    )
